export default {
  input: "../../openapi.yaml",
  // Node runs what tsc makes of it, and Node wants to know the files' whole names.
  output: { path: "../generated/hey-api", importFileExtension: ".js" },
};
