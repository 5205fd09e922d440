// Everything a plan leaves out, in words: the groups first, a person's own patterns last.
import type { ExcludePreset, Excludes } from "@/api/types";
import { t } from "@/copy";
import { formatBytes } from "@/format";

export function excludedWords(excludes: Excludes, presets: ExcludePreset[]): string[] {
  const { form } = t.plans;
  const titleOf = (id: string) => presets.find((preset) => preset.id === id)?.title ?? id;
  return [
    ...excludes.presets.map(titleOf),
    ...(excludes.caches ? [form.caches] : []),
    ...(excludes.oneFileSystem ? [form.oneFileSystem] : []),
    ...(excludes.largerThan ? [t.plans.largerThan(formatBytes(excludes.largerThan))] : []),
    ...excludes.ifPresent.map(t.plans.ifPresent),
    ...excludes.patterns,
  ];
}
