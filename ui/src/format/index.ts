// Everything that turns a value into words a person reads.
export * from "./bytes";
export * from "./durations";
export * from "./paths";
export * from "./times";
