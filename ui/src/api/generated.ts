// Made from crates/app/src/api by `cargo run -p holdfast-app --bin generate-types`.
// Never edited by hand.

/**
 * Something changed.
 *
 * An `overview` follows every change of what it shows; `progress` comes a few times a second
 * while something runs; an `operation` comes at each change of state.
 */
export type AppEvent = { "type": "overview", 
/**
 * As it is now.
 */
overview: Overview, } | { "type": "progress", 
/**
 * Which.
 */
operation: OperationId, 
/**
 * How far.
 */
progress: Progress, } | { "type": "operation", 
/**
 * As it is now.
 */
operation: OperationView, } | { "type": "settings", 
/**
 * As they are now.
 */
settings: Settings, } | { "type": "navigate", 
/**
 * What.
 */
to: Route, };

/**
 * What happens to a lock that stands in the way of an operation.
 */
export type AutoUnlock = { "type": "off" } | { "type": "own" } | { "type": "all", 
/**
 * How long, 30 or more.
 */
minutes: number, };

/**
 * Whom a hook tells.
 */
export type Channel = { "type": "command", 
/**
 * Which program.
 */
program: string, 
/**
 * Its arguments, handed over as they are.
 */
arguments: Array<string>, 
/**
 * The folder it runs in.
 */
folder?: string, } | { "type": "webhook", 
/**
 * How it is called.
 */
method: WebMethod, 
/**
 * What the message is, such as `application/json`.
 */
content_type: string, } | { "type": "healthchecks" } | { "type": "slack" } | { "type": "discord" } | { "type": "telegram", 
/**
 * The chat.
 */
chat: string, 
/**
 * A server of one's own.
 */
server?: string, } | { "type": "gotify", 
/**
 * The server.
 */
server: string, 
/**
 * How urgent its messages are, 0 to 10.
 */
priority: number, } | { "type": "ntfy", 
/**
 * How urgent its messages are, 1 to 5.
 */
priority: number, } | { "type": "mail", 
/**
 * Who writes.
 */
from: string, 
/**
 * Who is written to.
 */
to: Array<string>, 
/**
 * The mail server.
 */
server: string, 
/**
 * Its port.
 */
port: number, 
/**
 * How the connection is kept private.
 */
security: MailSecurity, 
/**
 * Who logs in; nobody if absent.
 */
user?: string, };

/**
 * What a check belongs to.
 */
export type CheckGroup = "source" | "destination" | "repository" | "computer" | "app";

/**
 * Each check, by name.
 */
export type CheckId = "sourceExists" | "sourceNotEmpty" | "sourceReadable" | "lastRunWhole" | "repositoryInside" | "otherDrive" | "reachable" | "writable" | "room" | "limits" | "listAfterWrite" | "storeClock" | "canDelete" | "opens" | "format" | "locks" | "uploads" | "index" | "verified" | "ownRoom" | "systemClock" | "keychain" | "notifications" | "tray" | "autostart" | "ownFiles" | "lastStart" | "version" | "schedules" | "hooks";

/**
 * One thing that was looked at.
 */
export type CheckView = { 
/**
 * Which check.
 */
id: CheckId, 
/**
 * What it belongs to.
 */
group: CheckGroup, 
/**
 * The plan it is about.
 */
plan?: PlanId, 
/**
 * The repository it is about.
 */
repository?: RepositoryId, 
/**
 * What that is called.
 */
name?: string, 
/**
 * How it is.
 */
verdict: Verdict, 
/**
 * What was looked at.
 */
lookedAt: string, 
/**
 * What was seen.
 */
reading: string, 
/**
 * Why it matters.
 */
why: string, 
/**
 * What helps.
 */
fix?: FixView, };

/**
 * Every problem the app can report. A code never changes its meaning.
 */
export type Code = "sourceMissing" | "sourceEmpty" | "sourceUnreadable" | "repositoryInsideSource" | "destinationNotConnected" | "destinationMissing" | "destinationReadOnly" | "destinationFull" | "noRepository" | "repositoryExists" | "locationOccupied" | "locationInvalid" | "repositoryKnown" | "repositoryHasPlans" | "wrongPassword" | "passwordEmpty" | "passwordMissing" | "newerFormat" | "foreignSettings" | "repositoryDamaged" | "repositoryReplaced" | "storageOffline" | "storageDenied" | "storageFailed" | "repositoryLocked" | "repositoryBusy" | "planBusy" | "paused" | "lockLost" | "lockAlive" | "keychainUnavailable" | "keychainLocked" | "keychainDenied" | "keychainFailed" | "settingsDamaged" | "settingsNewer" | "settingsUnwritable" | "settingsEdited" | "alreadyRunning" | "logDamaged" | "logUnwritable" | "nameInvalid" | "sourcesInvalid" | "scheduleInvalid" | "excludeInvalid" | "planUnknown" | "repositoryUnknown" | "operationUnknown" | "snapshotUnknown" | "folderUnknown" | "snapshotInUse" | "previewOutdated" | "targetUnwritable" | "targetFull" | "overdue" | "interrupted" | "filesSkipped" | "filesNotRestored" | "verifyFoundProblems" | "nothingToBackUp" | "hookUnknown" | "hookInvalid" | "hookFailed" | "notificationsUnavailable" | "trayUnavailable" | "autostartUnavailable" | "unexpected";

/**
 * Something that the newest good snapshots do not show.
 */
export type Concern = { 
/**
 * What it is.
 */
kind: ConcernKind, 
/**
 * Name of the plan whose items were skipped, or of the repository that is damaged.
 */
name: string, 
/**
 * How many items, or how many problems.
 */
count: number, 
/**
 * The operation that found it.
 */
operation: OperationId, };

/**
 * Sorts of concerns, the gravest first.
 */
export type ConcernKind = "damageFound" | "filesSkipped";

/**
 * One day of a plan's history.
 */
export type DayCell = { 
/**
 * `YYYY-MM-DD`, by the computer's own clock.
 */
day: string, 
/**
 * What became of it.
 */
state: DayState, };

/**
 * What became of a day.
 */
export type DayState = "none" | "good" | "warnings" | "failed" | "missed" | "waiting";

/**
 * What differs between two snapshots.
 */
export type DifferenceView = { 
/**
 * By path; not all of them if there are very many.
 */
entries: Array<DifferingEntry>, 
/**
 * How many only the second has.
 */
added: number, 
/**
 * How many only the first has.
 */
removed: number, 
/**
 * How many hold something else.
 */
changed: number, 
/**
 * Of how many only permissions or times differ.
 */
touched: number, 
/**
 * True if there are more than were counted.
 */
isCut: boolean, };

/**
 * An entry that differs between two snapshots.
 */
export type DifferingEntry = { 
/**
 * Its path, to be handed back as it is; see `EntryView`.
 */
path: string, 
/**
 * What it is, or was.
 */
kind: EntryKind, 
/**
 * How it differs.
 */
change: EntryChange, 
/**
 * Its size in the first snapshot.
 */
sizeBefore?: number, 
/**
 * Its size in the second one.
 */
sizeAfter?: number, 
/**
 * Last change of the content, in the second if it is there.
 */
modified: number, };

/**
 * Everything that was looked at, the worst first.
 */
export type DoctorReport = { 
/**
 * When.
 */
at: number, 
/**
 * How long it took.
 */
tookMillis: number, 
/**
 * Each check, the worst first.
 */
checks: Array<CheckView>, 
/**
 * The same as text to hand on: without secrets, and without the person's name.
 */
text: string, };

/**
 * How an entry differs between two snapshots.
 */
export type EntryChange = "added" | "removed" | "changed" | "touched";

/**
 * What an entry is.
 */
export type EntryKind = "folder" | "file" | "link" | "other";

/**
 * One entry of a folder in a snapshot.
 */
export type EntryView = { 
/**
 * Its name. Bytes that are no text are shown as replacement characters.
 */
name: string, 
/**
 * Its path in the snapshot, to be handed back as it is: `/` between the parts, and a byte
 * that is no text (or `%` itself) as `%` and two hexadecimal digits.
 */
path: string, 
/**
 * What it is.
 */
kind: EntryKind, 
/**
 * Size of a file; 0 for everything else.
 */
size: number, 
/**
 * Last change of the content.
 */
modified: number, 
/**
 * Permissions, as in `drwxr-xr-x`.
 */
mode: string, 
/**
 * What a link points to.
 */
linkTarget?: string, };

/**
 * Patterns that come with the app.
 */
export type ExcludePreset = { 
/**
 * Its name for programs.
 */
id: ExcludePresetId, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it leaves out.
 */
patterns: Array<string>, };

/**
 * Names one of the exclude presets that come with the app.
 */
export type ExcludePresetId = string;

/**
 * What a plan leaves out.
 */
export type Excludes = { 
/**
 * Patterns by restic's rules.
 */
patterns: Array<string>, 
/**
 * Leave out folders that are marked as caches (CACHEDIR.TAG).
 */
caches: boolean, 
/**
 * Leave out folders that hold a file of one of these names.
 */
ifPresent: Array<string>, 
/**
 * Leave out files that are larger.
 */
largerThan?: number, 
/**
 * Stay on the file system of each source.
 */
oneFileSystem: boolean, 
/**
 * Presets that are on.
 */
presets: Array<ExcludePresetId>, };

/**
 * One finding.
 */
export type FindingExample = { 
/**
 * What it is about.
 */
path?: string, 
/**
 * The cause.
 */
message: string, };

/**
 * Findings of one kind.
 */
export type FindingGroup = { 
/**
 * Which kind: `vanished`, `denied`, `inUse`, `unreadable`, `unwritable`, `hostile`,
 * `missing`, `damaged` or `note`.
 */
kind: string, 
/**
 * What it means, with the number.
 */
title: string, 
/**
 * How many.
 */
count: number, 
/**
 * The first fifty.
 */
examples: Array<FindingExample>, };

/**
 * What the app can do for a person, or where it can lead.
 */
export type FixAction = { "type": "excludeRepository", 
/**
 * Which plan.
 */
plan: PlanId, } | { "type": "unlock", 
/**
 * In which repository.
 */
repository: RepositoryId, 
/**
 * Which locks.
 */
locks: Array<string>, } | { "type": "verify", 
/**
 * Which.
 */
repository: RepositoryId, } | { "type": "run", 
/**
 * Which plan.
 */
plan: PlanId, } | { "type": "startAtLogin" } | { "type": "editPlan", 
/**
 * Which.
 */
plan: PlanId, } | { "type": "showRepository", 
/**
 * Which.
 */
repository: RepositoryId, } | { "type": "enterPassword", 
/**
 * Of which repository.
 */
repository: RepositoryId, } | { "type": "openSettings" } | { "type": "testHook", 
/**
 * Which.
 */
hook: HookId, };

/**
 * What helps.
 */
export type FixView = { 
/**
 * In words.
 */
words: string, 
/**
 * What the app can do about it.
 */
action?: FixAction, 
/**
 * What a person can enter in a terminal.
 */
command?: string, };

/**
 * What a person's folder is for.
 */
export type FolderKind = "documents" | "pictures" | "desktop" | "music" | "videos" | "downloads" | "home" | "other";

/**
 * How much a folder holds.
 */
export type FolderSize = { 
/**
 * Its absolute path.
 */
path: string, 
/**
 * Number of files.
 */
files: number, 
/**
 * Their size.
 */
bytes: number, 
/**
 * False if parts could not be read, or there was more than was counted.
 */
complete: boolean, };

/**
 * A folder of this person that a first plan may hold.
 */
export type FolderSuggestion = { 
/**
 * Its absolute path.
 */
path: string, 
/**
 * What it is for.
 */
kind: FolderKind, 
/**
 * True if it should be ticked at first.
 */
selected: boolean, };

/**
 * How a plan is, or all of them. Derived, never stored.
 */
export type HealthState = "protected" | "overdue" | "failing" | "neverBackedUp" | "waiting" | "noPlans";

/**
 * What a person enters for a hook.
 */
export type HookDraft = { 
/**
 * What it is called.
 */
name: string, 
/**
 * What it tells.
 */
on: Array<HookOn>, 
/**
 * Of which plans or repositories.
 */
scope: HookScope, 
/**
 * Whom it tells, without what is secret of it.
 */
to: Channel, 
/**
 * The title, as a template; the app's own words if absent.
 */
subject?: string, 
/**
 * The message, as a template; the app's own words if absent.
 */
template?: string, 
/**
 * How long one try may take, 5 to 600 seconds.
 */
timeoutSeconds: number, 
/**
 * What becomes of the backup if the hook fails.
 */
onFailure: OnHookFailure, 
/**
 * What is secret of it. What is absent stays as it is.
 */
secrets: HookSecrets, };

/**
 * Names a hook, for as long as it exists.
 */
export type HookId = string;

/**
 * What a hook can tell.
 */
export type HookOn = "backupStarted" | "backupSucceeded" | "backupWarnings" | "backupFailed" | "backupMissed" | "overdue" | "recovered" | "waiting" | "verifySucceeded" | "verifyFailed" | "cleanupSucceeded" | "cleanupFailed" | "retentionSucceeded" | "retentionFailed" | "drillSucceeded" | "drillFailed" | "copySucceeded" | "copyFailed" | "restoreSucceeded" | "restoreFailed" | "unlocked" | "locked" | "guardTripped" | "spaceLow" | "anyFailure";

/**
 * What became of a test of a hook.
 */
export type HookOutcome = { 
/**
 * How long it took.
 */
tookMillis: number, 
/**
 * How the answer begins.
 */
answer: string, 
/**
 * Why it failed.
 */
problem?: Problem, };

/**
 * What a hook would say, with made-up figures.
 */
export type HookPreview = { 
/**
 * The title.
 */
subject: string, 
/**
 * The message.
 */
body: string, 
/**
 * What is wrong with a template.
 */
problem?: Problem, };

/**
 * Of which plans or repositories a hook tells.
 */
export type HookScope = { "type": "everything" } | { "type": "plans", 
/**
 * Which.
 */
plans: Array<PlanId>, } | { "type": "repositories", 
/**
 * Which.
 */
repositories: Array<RepositoryId>, };

/**
 * The secret parts of a hook, on their way in. They are kept in the keychain.
 */
export type HookSecrets = { 
/**
 * The address to call, where the address itself is what lets one in.
 */
address: string, 
/**
 * A token, or the password of a mail server.
 */
token: string, 
/**
 * Headers to send along, by name.
 */
headers: { [key in string]: string }, };

/**
 * Which secrets of a hook there are.
 */
export type HookSecretsView = { 
/**
 * The server of the address, without the rest.
 */
address?: string, 
/**
 * True if there is a token or a password.
 */
token: boolean, 
/**
 * The names of the headers.
 */
headers: Array<string>, 
/**
 * Where they are kept.
 */
state?: SecretState, };

/**
 * A hook as it is.
 */
export type HookView = { 
/**
 * Its name for programs.
 */
id: HookId, 
/**
 * What it is called.
 */
name: string, 
/**
 * What it tells.
 */
on: Array<HookOn>, 
/**
 * Of which plans or repositories.
 */
scope: HookScope, 
/**
 * Whom it tells.
 */
to: Channel, 
/**
 * The title, as a template.
 */
subject?: string, 
/**
 * The message, as a template.
 */
template?: string, 
/**
 * How long one try may take.
 */
timeoutSeconds: number, 
/**
 * What becomes of the backup if the hook fails.
 */
onFailure: OnHookFailure, 
/**
 * What is kept in the keychain, without what it is.
 */
secrets: HookSecretsView, 
/**
 * Its last delivery.
 */
last?: LastRun, };

/**
 * What an interval is counted in.
 */
export type IntervalUnit = "minutes" | "hours" | "days";

/**
 * How a plan's last backup ended.
 */
export type LastRun = { 
/**
 * Which operation.
 */
operation: OperationId, 
/**
 * How it ended.
 */
state: OperationState, 
/**
 * When it ended.
 */
at: number, };

/**
 * How verifying last ended.
 */
export type LastVerify = { 
/**
 * Which operation.
 */
operation: OperationId, 
/**
 * How it ended.
 */
state: OperationState, 
/**
 * When it ended.
 */
at: number, };

/**
 * One small light.
 */
export type Light = "good" | "attention" | "failed" | "unknown";

/**
 * A repository in three words.
 */
export type Lights = { 
/**
 * Room at the destination.
 */
space: Light, 
/**
 * Age and outcome of the last verify.
 */
verify: Light, 
/**
 * Locks.
 */
lock: Light, };

/**
 * What a person wants to be warned of.
 */
export type Limits = { 
/**
 * More snapshots than these.
 */
snapshotsMax?: number, 
/**
 * More bytes than these.
 */
bytesMax?: number, };

/**
 * Where a repository is.
 */
export type Location = { "type": "local", 
/**
 * Its absolute path.
 */
path: string, };

/**
 * Whether a lock's owner lives.
 */
export type LockVerdict = "alive" | "dead" | "unknown";

/**
 * A lock in a repository: who holds it and whether its owner lives.
 */
export type LockView = { 
/**
 * Its id: 64 hexadecimal digits.
 */
id: string, 
/**
 * True if it admits no other.
 */
exclusive: boolean, 
/**
 * The owner's computer.
 */
hostname: string, 
/**
 * The owner's user.
 */
username: string, 
/**
 * The owner's process.
 */
pid: number, 
/**
 * When it was made or refreshed.
 */
created: number, 
/**
 * The owner's program, if it says so.
 */
program?: string, 
/**
 * What the owner does, if it says so.
 */
operation?: string, 
/**
 * True if this app holds it now.
 */
ours: boolean, 
/**
 * Whether its owner lives.
 */
verdict: LockVerdict, 
/**
 * Why that is known, in sentences.
 */
reasons: Array<string>, 
/**
 * False if it could not be read; then nothing above but the id and the moment is known.
 */
readable: boolean, };

/**
 * How serious a line of a log is.
 */
export type LogLevel = "info" | "warning" | "error";

/**
 * A line of an operation's log.
 */
export type LogLine = { 
/**
 * When.
 */
at: number, 
/**
 * How serious.
 */
level: LogLevel, 
/**
 * What.
 */
text: string, };

/**
 * How a connection to a mail server is kept private.
 */
export type MailSecurity = "tls" | "startTls" | "none";

/**
 * Times at which something was due and did not run.
 */
export type MissedRuns = { 
/**
 * The first of them.
 */
from: number, 
/**
 * How many.
 */
count: number, };

/**
 * What happens to a file that is there already and differs.
 */
export type OnConflict = "keepBoth" | "replace" | "replaceIfNewer" | "skip";

/**
 * What becomes of a backup if a hook fails.
 */
export type OnHookFailure = "ignore" | "cancelRun";

/**
 * An operation with its log and its findings.
 */
export type OperationDetail = { 
/**
 * The operation.
 */
operation: OperationView, 
/**
 * What it noted, the oldest first.
 */
log: Array<LogLine>, 
/**
 * Problems on the way, grouped by kind, the most serious first.
 */
findings: Array<FindingGroup>, };

/**
 * Names an operation, for ever. Later operations have greater names.
 */
export type OperationId = string;

/**
 * What an operation does.
 */
export type OperationKind = "backup" | "restore" | "verify" | "unlock" | "forget" | "retention" | "cleanup" | "drill" | "copy" | "hook";

/**
 * How far an operation is, or how it ended.
 */
export type OperationState = "queued" | "running" | "succeeded" | "warnings" | "failed" | "cancelled" | "interrupted";

/**
 * What an operation did. Which figures are present depends on its kind.
 */
export type OperationSummary = { 
/**
 * Files that were not there before (backup), or were created (restore).
 */
filesNew: number, 
/**
 * Files that were there and differ (backup), or were overwritten (restore).
 */
filesChanged: number, 
/**
 * Files that were as they were.
 */
filesUnmodified: number, 
/**
 * All files; packs read, for verify; snapshots removed, for forget; locks, for unlock.
 */
files: number, 
/**
 * Their size.
 */
bytes: number, 
/**
 * What was new to the repository.
 */
addedBytes: number, 
/**
 * The same after compression and sealing.
 */
storedBytes: number, 
/**
 * The snapshot that was made or restored.
 */
snapshot?: string, 
/**
 * The folder that was restored to; absent for the original places.
 */
target?: string, 
/**
 * The folder in which what a restore replaced is kept, under its path in the snapshot.
 */
kept?: string, };

/**
 * One step of a run.
 */
export type OperationView = { 
/**
 * Its name.
 */
id: OperationId, 
/**
 * The run it belongs to.
 */
run: RunId, 
/**
 * What it does.
 */
kind: OperationKind, 
/**
 * The plan it is for.
 */
plan?: PlanId, 
/**
 * What the plan was called.
 */
planName?: string, 
/**
 * The repository it works on.
 */
repository: RepositoryId, 
/**
 * What the repository was called.
 */
repositoryName: string, 
/**
 * How far it is, or how it ended.
 */
state: OperationState, 
/**
 * Why it was started.
 */
trigger: Trigger, 
/**
 * What passed without a run before this one.
 */
missed?: MissedRuns, 
/**
 * When it was asked for.
 */
queuedAt: number, 
/**
 * When it began.
 */
startedAt?: number, 
/**
 * When it ended.
 */
finishedAt?: number, 
/**
 * How far it is; only while it runs.
 */
progress?: Progress, 
/**
 * Why it does not run yet.
 */
waitingFor?: Problem, 
/**
 * What it did.
 */
summary?: OperationSummary, 
/**
 * Why it failed, or what the warnings mean.
 */
problem?: Problem, 
/**
 * Number of problems on the way that did not stop it.
 */
findings: number, };

/**
 * Which operations are wanted. What is absent does not restrict.
 */
export type OperationsQuery = { 
/**
 * Of this plan.
 */
plan?: PlanId, 
/**
 * On this repository.
 */
repository?: RepositoryId, 
/**
 * Of this kind.
 */
kind?: OperationKind, 
/**
 * In this state.
 */
state?: OperationState, 
/**
 * Asked for before this one: the last of the page before.
 */
before?: OperationId, 
/**
 * At most so many, at most 500.
 */
limit: number, };

/**
 * Everything the first screen shows.
 */
export type Overview = { 
/**
 * The worst of all plans.
 */
health: HealthState, 
/**
 * All plans, in the order they were made.
 */
plans: Array<PlanView>, 
/**
 * All repositories, in the order they were added.
 */
repositories: Array<RepositoryView>, 
/**
 * What runs or waits in the queue, the oldest first.
 */
running: Array<OperationView>, 
/**
 * The last eight operations, the newest first.
 */
recent: Array<OperationView>, 
/**
 * What the operating system offers.
 */
services: Services, 
/**
 * Problems of the app itself that the person should know of: settings or history set aside.
 *
 * Added to what was agreed: both have no plan or repository to be shown at.
 */
problems: Array<Problem>, 
/**
 * What is wrong although it leaves every plan as protected as it is, the gravest first.
 */
concerns: Array<Concern>, 
/**
 * True until there was a first plan.
 */
firstStart: boolean, 
/**
 * Whether everything that starts by itself is paused.
 */
paused?: PauseView, };

/**
 * For how long a person pauses.
 */
export type PauseFor = "hour" | "untilTomorrow" | "untilResumed";

/**
 * While it lasts, nothing starts by itself.
 */
export type PauseView = { 
/**
 * When it began.
 */
since: number, 
/**
 * When it ends by itself; absent until somebody resumes.
 */
until?: number, 
/**
 * The same in words.
 */
problem: Problem, };

/**
 * What a person edits.
 */
export type PlanDraft = { 
/**
 * Its name for people.
 */
name: string, 
/**
 * Where it backs up to.
 */
repository: RepositoryId, 
/**
 * The folders it backs up: absolute paths.
 */
sources: Array<string>, 
/**
 * What is left out.
 */
excludes: Excludes, 
/**
 * When it runs.
 */
timing: Timing, };

/**
 * How a plan is, and why.
 */
export type PlanHealth = { 
/**
 * The state.
 */
state: HealthState, 
/**
 * Why, where it is not `protected`.
 */
reason?: Problem, 
/**
 * When the newest good snapshot was made.
 */
newestGood?: number, 
/**
 * How old the newest good snapshot may become.
 */
targetAgeMillis: number, };

/**
 * Names a plan, for as long as it exists.
 */
export type PlanId = string;

/**
 * A plan with everything derived from it.
 */
export type PlanView = { 
/**
 * Its name for programs.
 */
id: PlanId, 
/**
 * Its name for people.
 */
name: string, 
/**
 * Where it backs up to.
 */
repository: RepositoryId, 
/**
 * The folders it backs up: absolute paths.
 */
sources: Array<string>, 
/**
 * What is left out.
 */
excludes: Excludes, 
/**
 * When it runs.
 */
timing: Timing, 
/**
 * How it is.
 */
health: PlanHealth, 
/**
 * Its last backup that ended, whatever became of it.
 */
lastRun?: LastRun, 
/**
 * When it runs next by itself; absent for a manual plan.
 */
nextRun?: number, 
/**
 * The next five times it is due; empty for a manual plan.
 */
upcoming: Array<number>, 
/**
 * The last thirty days, the oldest first.
 */
days: Array<DayCell>, 
/**
 * Size of what the newest snapshot holds.
 */
size?: number, 
/**
 * Number of its snapshots.
 */
snapshotCount?: number, 
/**
 * Its operation that runs now.
 */
running?: OperationId, 
/**
 * Its operation that waits in the queue.
 */
queued?: OperationId, };

/**
 * Names a restore preview until it is applied or replaced.
 */
export type PreviewId = string;

/**
 * What stands at a location.
 */
export type ProbeState = "absent" | "empty" | "occupied" | "repository" | "unreachable";

/**
 * A problem in three parts: what happened, what it means for the data, what to do.
 *
 * The code is stable and what programs branch on; the words may change.
 */
export type Problem = { 
/**
 * Which problem.
 */
code: Code, 
/**
 * What happened.
 */
title: string, 
/**
 * What it means for the data.
 */
meaning: string, 
/**
 * What to do.
 */
advice: string, 
/**
 * The buttons that fit, the most helpful first.
 */
actions: Array<ProblemAction>, 
/**
 * Causes, for somebody who can read them.
 */
details?: string, };

/**
 * What a button beside a problem does.
 */
export type ProblemAction = "retry" | "unlockAndRetry" | "enterPassword" | "openSettings" | "showDetails" | "editPlan" | "editRepository" | "chooseFolder";

/**
 * How far an operation is.
 */
export type Progress = { 
/**
 * Which part of its work it is in.
 */
phase: ProgressPhase, 
/**
 * Files done.
 */
filesDone: number, 
/**
 * Files there are.
 */
filesTotal?: number, 
/**
 * Bytes done. Never less than before.
 */
bytesDone: number, 
/**
 * Bytes there are. Never less than what is done.
 */
bytesTotal?: number, 
/**
 * False while the totals are guessed from the snapshot before.
 */
exact: boolean, 
/**
 * Speed, once it is steady.
 */
bytesPerSecond?: number, 
/**
 * Time left, once it is steady.
 */
secondsLeft?: number, 
/**
 * The file or folder it is at.
 */
current?: string, 
/**
 * Whose lock is waited for.
 */
lockHolder?: LockView, 
/**
 * When waiting for the lock ends.
 */
lockGiveUpAt?: number, };

/**
 * Which part of its work an operation is in.
 */
export type ProgressPhase = "preparing" | "waitingForLock" | "working" | "verifying" | "committing";

/**
 * Hours of each day in which a person does not want to be disturbed, by the computer's own clock.
 * They may pass midnight.
 */
export type QuietHours = { 
/**
 * Whether there are any.
 */
on: boolean, 
/**
 * When they begin.
 */
from: TimeOfDay, 
/**
 * When they end.
 */
to: TimeOfDay, };

/**
 * All that is needed to restore without this computer. Shown once asked for, never kept.
 */
export type RecoverySheet = { 
/**
 * Where the repository is.
 */
location: string, 
/**
 * The password, which leaves here and nowhere else.
 */
password: string, 
/**
 * What to do, in order.
 */
steps: Array<string>, };

/**
 * What a person enters to add a repository. It only comes in: the password is never sent back.
 */
export type RepositoryDraft = { 
/**
 * Its name for people.
 */
name: string, 
/**
 * Where it is.
 */
location: Location, 
/**
 * Its password.
 */
password: string, 
/**
 * True to make a new one; false to adopt one that is there.
 */
create: boolean, 
/**
 * True to store the password in the keychain; false to keep it until the app ends.
 */
remember: boolean, };

/**
 * Names a repository in this app's settings. Not the id in the repository's config: that one
 * is known only once the repository was opened.
 */
export type RepositoryId = string;

/**
 * What is to change of a repository's entry. What is absent stays.
 */
export type RepositoryPatch = { 
/**
 * Its name for people.
 */
name?: string, 
/**
 * What happens to locks in the way.
 */
autoUnlock?: AutoUnlock, 
/**
 * How long an operation waits for somebody else's lock.
 */
lockWaitMinutes?: number, 
/**
 * What the person wants to be warned of.
 */
limits?: Limits, };

/**
 * What stands at a location.
 */
export type RepositoryProbe = { 
/**
 * What stands there.
 */
state: ProbeState, 
/**
 * Version of the repository's format, once it was opened.
 */
formatVersion?: number, 
/**
 * Whether the password opens it; absent without a password or a repository.
 */
opens?: boolean, 
/**
 * Bytes that can be stored there.
 */
freeSpace?: number, 
/**
 * Whether it can be written to.
 */
writable?: boolean, 
/**
 * Number of snapshots in it, once it was opened.
 */
snapshotCount?: number, 
/**
 * Why the draft cannot be saved as it is.
 */
problem?: Problem, };

/**
 * A repository with everything known of it.
 */
export type RepositoryView = { 
/**
 * Its name for programs.
 */
id: RepositoryId, 
/**
 * Its name for people.
 */
name: string, 
/**
 * Where it is.
 */
location: Location, 
/**
 * Version of its format, once it was opened.
 */
formatVersion?: number, 
/**
 * What happens to locks in the way.
 */
autoUnlock: AutoUnlock, 
/**
 * How long an operation waits for somebody else's lock.
 */
lockWaitMinutes: number, 
/**
 * What the person wants to be warned of.
 */
limits: Limits, 
/**
 * Bytes stored, when last looked.
 */
size?: number, 
/**
 * Bytes that can still be stored, when last looked.
 */
freeSpace?: number, 
/**
 * Number of snapshots, when last looked.
 */
snapshotCount?: number, 
/**
 * Locks that stood in it when last looked.
 */
locks: Array<LockView>, 
/**
 * Where its password is.
 */
secret: SecretState, 
/**
 * How verifying last ended.
 */
lastVerify?: LastVerify, 
/**
 * What is wrong with it.
 */
problem?: Problem, 
/**
 * Three states in a word each.
 */
lights: Lights, };

/**
 * What a restore would do to a file.
 */
export type RestoreAction = "create" | "overwrite" | "keepBoth" | "skip" | "unchanged";

/**
 * Where restored files go.
 */
export type RestoreDestination = { "type": "original" } | { "type": "folder", 
/**
 * Its absolute path.
 */
path: string, };

/**
 * What a restore would do to one file.
 */
export type RestoreEntry = { 
/**
 * Where it would be written.
 */
path: string, 
/**
 * What would happen.
 */
action: RestoreAction, 
/**
 * Its size.
 */
size: number, 
/**
 * Size of what is there.
 */
existingSize?: number, 
/**
 * When what is there was last changed.
 */
existingModified?: number, };

/**
 * What a restore would do. It is applied exactly so, or not at all.
 */
export type RestorePreview = { 
/**
 * Its name.
 */
id: PreviewId, 
/**
 * Number of files that are not there yet.
 */
create: number, 
/**
 * Number of files that are replaced.
 */
overwrite: number, 
/**
 * Number of files that are there as they were.
 */
unchanged: number, 
/**
 * Number of files that are left out.
 */
skip: number, 
/**
 * Number of entries that cannot be restored: what the repository has of them is damaged, or
 * they are refused.
 */
lost: number, 
/**
 * Bytes to write.
 */
bytes: number, 
/**
 * The first thousand entries, what is overwritten first.
 */
entries: Array<RestoreEntry>, 
/**
 * True if there are more.
 */
truncated: boolean, 
/**
 * Bytes that can be written at the destination.
 */
freeSpace?: number, 
/**
 * What speaks against it. It can be started all the same unless it has no room.
 */
problems: Array<Problem>, };

/**
 * What to bring back, and where to.
 */
export type RestoreRequest = { 
/**
 * From which repository.
 */
repository: RepositoryId, 
/**
 * From which snapshot: 64 hexadecimal digits.
 */
snapshot: string, 
/**
 * Paths in the snapshot, as `EntryView` gave them. Empty means everything.
 */
items: Array<string>, 
/**
 * Where to.
 */
destination: RestoreDestination, 
/**
 * What happens to files that are there already.
 */
onConflict: OnConflict, 
/**
 * Read everything again afterwards.
 */
verify: boolean, };

/**
 * A place in the window.
 */
export type Route = { "type": "overview" } | { "type": "plan", 
/**
 * Which.
 */
plan: PlanId, } | { "type": "repository", 
/**
 * Which.
 */
repository: RepositoryId, } | { "type": "enterPassword", 
/**
 * Which.
 */
repository: RepositoryId, } | { "type": "operation", 
/**
 * Which.
 */
operation: OperationId, } | { "type": "settings" };

/**
 * Names a run: everything one trigger started.
 */
export type RunId = string;

/**
 * What became of asking for a run.
 */
export type RunStarted = { 
/**
 * The operation that was queued, or the one that was joined.
 */
operation: OperationId, 
/**
 * True if the plan was running or queued already.
 */
joined: boolean, 
/**
 * Since when, if it was joined.
 */
since?: number, 
/**
 * How far it is, if it was joined and runs.
 *
 * Added to what was agreed: who asks again is told since when and how far.
 */
progress?: Progress, };

/**
 * When something is due.
 */
export type Schedule = { "type": "manual" } | { "type": "every", 
/**
 * How many: 5 to 1440 minutes, 1 to 8784 hours, 1 to 366 days.
 */
count: number, 
/**
 * Of what.
 */
unit: IntervalUnit, } | { "type": "weekly", 
/**
 * At least one; all seven are every day.
 */
days: Array<Weekday>, 
/**
 * At least one.
 */
times: Array<TimeOfDay>, } | { "type": "monthly", 
/**
 * 1 to 31, or -1 for the last. A month without such a day has it on its last.
 */
days: Array<number>, 
/**
 * At least one.
 */
times: Array<TimeOfDay>, } | { "type": "cron", 
/**
 * Minute, hour, day of the month, month and day of the week; or `@daily` and the like.
 */
line: string, };

/**
 * An entry that was found.
 */
export type SearchHit = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its path in the snapshot, to be handed back as it is; see `EntryView`.
 */
path: string, 
/**
 * What it is in the newest snapshot that has it.
 */
kind: EntryKind, 
/**
 * Size of a file there; 0 for everything else.
 */
size: number, 
/**
 * Last change of the content.
 */
modified: number, 
/**
 * The newest snapshot that has it.
 */
snapshot: string, 
/**
 * When that was made.
 */
snapshotTime: number, 
/**
 * True if that is the newest snapshot of its folders there is.
 */
isInNewest: boolean, };

/**
 * What a search found.
 */
export type SearchPage = { 
/**
 * Those whose names are most like what was asked for, first.
 */
hits: Array<SearchHit>, 
/**
 * True if there are more.
 */
hasMore: boolean, 
/**
 * How many snapshots were searched: those that the catalogue knows by now.
 */
searched: number, 
/**
 * How many there are.
 */
snapshots: number, };

/**
 * What to search for.
 */
export type SearchQuery = { 
/**
 * Words that a name holds, each of them, in any order.
 */
text: string, 
/**
 * In which repository.
 */
repository: RepositoryId, 
/**
 * In snapshots of this plan only.
 */
plan?: PlanId, 
/**
 * Entries of this kind only.
 */
kind?: EntryKind, 
/**
 * How many at most; 100 unless told.
 */
limit?: number, };

/**
 * Where the password of a repository is.
 */
export type SecretState = "stored" | "session" | "missing" | "locked";

/**
 * Whether a service of the operating system can be used.
 */
export type ServiceState = { 
/**
 * True while it works.
 */
available: boolean, 
/**
 * Why not, and what can be done.
 */
problem?: Problem, };

/**
 * What the operating system offers, and what it does not.
 */
export type Services = { 
/**
 * Where passwords are kept.
 */
keychain: ServiceState, 
/**
 * Native notifications.
 */
notifications: ServiceState, 
/**
 * The icon in the tray.
 */
tray: ServiceState, 
/**
 * Start at login.
 */
autostart: ServiceState, };

/**
 * What a person chose for the app as a whole.
 */
export type Settings = { 
/**
 * Start when the person logs in.
 */
startAtLogin: boolean, 
/**
 * Closing the window leaves the app in the tray.
 */
closeToTray: boolean, 
/**
 * All but restores let other programs go first.
 */
stepAside: boolean, 
/**
 * Tell about a failed backup.
 */
notifyOnFailure: boolean, 
/**
 * Tell about a plan that is overdue, once a day at most.
 */
notifyOnOverdue: boolean, 
/**
 * Tell when a plan that failed or was overdue is protected again.
 */
notifyOnRecovery: boolean, 
/**
 * Tell about every backup that succeeded.
 */
notifyOnSuccess: boolean, 
/**
 * When nothing is told that can wait.
 */
quietHours: QuietHours, 
/**
 * Colours.
 */
theme: Theme, };

/**
 * What is to change of the settings. What is absent stays.
 */
export type SettingsPatch = { 
/**
 * Start when the person logs in.
 */
startAtLogin?: boolean, 
/**
 * Closing the window leaves the app in the tray.
 */
closeToTray?: boolean, 
/**
 * All but restores let other programs go first.
 */
stepAside?: boolean, 
/**
 * Tell about a failed backup.
 */
notifyOnFailure?: boolean, 
/**
 * Tell about a plan that is overdue.
 */
notifyOnOverdue?: boolean, 
/**
 * Tell when a plan is protected again.
 */
notifyOnRecovery?: boolean, 
/**
 * Tell about every backup that succeeded.
 */
notifyOnSuccess?: boolean, 
/**
 * When nothing is told that can wait.
 */
quietHours?: QuietHours, 
/**
 * Colours.
 */
theme?: Theme, };

/**
 * A snapshot.
 */
export type SnapshotView = { 
/**
 * Its id: 64 hexadecimal digits.
 */
id: string, 
/**
 * The first eight of them.
 */
shortId: string, 
/**
 * When it was made.
 */
time: number, 
/**
 * On which computer.
 */
hostname: string, 
/**
 * By which user.
 */
username: string, 
/**
 * What it is of.
 */
paths: Array<string>, 
/**
 * Labels.
 */
tags: Array<string>, 
/**
 * The plan that made it, if it is one of ours.
 */
plan?: PlanId, 
/**
 * Number of files in it, if its writer noted it.
 */
files?: number, 
/**
 * Their size, if its writer noted it.
 */
bytes?: number, 
/**
 * What was new to the repository, if its writer noted it.
 */
addedBytes?: number, 
/**
 * The snapshot it was compared with.
 */
parent?: string, 
/**
 * The program that made it, if it says so.
 */
program?: string, };

/**
 * Colours.
 */
export type Theme = "system" | "light" | "dark";

/**
 * A time of the computer's own clock.
 */
export type TimeOfDay = { 
/**
 * 0 to 23.
 */
hour: number, 
/**
 * 0 to 59.
 */
minute: number, };

/**
 * When something is due, and when it may begin.
 */
export type Timing = { 
/**
 * When it is due.
 */
schedule: Schedule, 
/**
 * The hours in which it may begin; whatever is due outside of them begins with the next.
 */
window?: Window, 
/**
 * Over how many minutes those that are due at the same time are spread; 0 to 720.
 */
spreadMinutes: number, };

/**
 * Why a run was started.
 */
export type Trigger = "scheduled" | "missed" | "manual" | "firstStart" | "retry" | "conflict" | "afterBackup";

/**
 * How something is.
 */
export type Verdict = "fail" | "warn" | "couldNotLook" | "note" | "pass";

/**
 * How much verifying reads.
 */
export type VerifyScope = { "type": "structure" } | { "type": "subset", 
/**
 * How much of it, more than 0 and up to 100.
 */
percent: number, } | { "type": "all" };

/**
 * Something that stood at a path, in one or several snapshots.
 */
export type VersionView = { 
/**
 * What it is.
 */
kind: EntryKind, 
/**
 * Size of a file; 0 for everything else.
 */
size: number, 
/**
 * Last change of the content.
 */
modified: number, 
/**
 * The newest snapshot that has it.
 */
snapshot: string, 
/**
 * When that was made.
 */
lastSeen: number, 
/**
 * When the oldest was made that has it.
 */
firstSeen: number, 
/**
 * How many have it.
 */
snapshots: number, };

/**
 * How a web server is called.
 */
export type WebMethod = "GET" | "POST" | "PUT";

/**
 * A day of the week.
 */
export type Weekday = "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";

/**
 * Hours of some days of the week, by the computer's own clock.
 */
export type Window = { 
/**
 * When it opens.
 */
from: TimeOfDay, 
/**
 * When it closes. A time before `from` is on the next day.
 */
to: TimeOfDay, 
/**
 * The days on which it opens.
 */
days: Array<Weekday>, };
