// Prints what the given TypeScript module exports: types, with the members of those
// that are unions of literals, functions, and the operations that types describe.
// The compiler is the one of the directory that this is run from.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const ts = createRequire(resolve("package.json"))("typescript");
const file = resolve(process.argv[2]);
const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, strict: true });
const checker = program.getTypeChecker();
const names = [];

for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (target.flags & ts.SymbolFlags.Value) {
    names.push(`operation ${symbol.name}`);
    continue;
  }
  const type = checker.getDeclaredTypeOfSymbol(target);
  if (symbol.name === "operations") {
    names.push(...type.getProperties().map((property) => `operation ${property.name}`));
    continue;
  }
  names.push(`type ${symbol.name}`);
  if (type.isUnion() && type.types.every((member) => member.isLiteral())) {
    names.push(...type.types.map((member) => `member ${symbol.name} ${member.value}`));
  }
}
console.log([...new Set(names)].sort().join("\n"));
