// The names under which the window knows the wire types.
export * from "./generated";
