// All words of the window. `t` is one typed dictionary: a key that does not exist, or a sentence
// that lacks one of its values, does not compile. Another language is a second object of type
// `Copy`, chosen once when the window starts. Sentences of problems come from the app.
import { en } from "./en";

export type Copy = typeof en;

export const t: Copy = en;
