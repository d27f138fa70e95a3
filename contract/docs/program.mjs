// The program as people get it: built, on an empty SQLite, with its demo key.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** Resolves to the running program's address, key and log, and how to stop it. */
export async function startProgram() {
  const directory = mkdtempSync(join(tmpdir(), "panal-docs-"));
  const binary = join(directory, "panal");
  execFileSync("go", ["build", "-o", binary, "."], { cwd: root, stdio: "inherit" });
  const environment = Object.entries(process.env).filter(([name]) => !/^(PANAL_|DATABASE_URL$)/.test(name));
  const child = spawn(binary, ["serve", "--addr=127.0.0.1:0", `--data-dir=${join(directory, "data")}`], {
    env: Object.fromEntries(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = { address: "", key: "", log: "" };
  child.stderr.on("data", (text) => { program.log += text; });
  program.stop = async () => {
    child.kill("SIGTERM");
    const [status] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    rmSync(directory, { recursive: true });
    if (status !== 0) throw new Error(`panal ended with status ${status}:\n${program.log}`);
  };
  let greeting = "";
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    greeting += text;
    program.key = greeting.match(/beel_sk_test_\w+/)?.[0] ?? "";
    program.address = greeting.match(/Reference: (http:\/\/\S+)\/docs\n/)?.[1] ?? "";
    if (program.key && program.address) return program;
  }
  throw new Error(`panal did not start:\n${program.log}`);
}

/** Resolves to a proxy that serves the address below a prefix, which it takes off. */
export async function startProxy(address, prefix) {
  const proxy = createServer((from, to) => {
    if (!from.url.startsWith(`${prefix}/`)) {
      to.writeHead(404).end();
      return;
    }
    const onward = request(address + from.url.slice(prefix.length), { method: from.method, headers: from.headers }, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    from.pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return { address: `http://127.0.0.1:${proxy.address().port}${prefix}`, stop: () => proxy.close() };
}
