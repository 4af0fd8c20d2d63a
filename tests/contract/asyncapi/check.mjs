// Parses an AsyncAPI document with the project's own parser; prints each problem; exits 1 on an error.
import { fromFile, Parser } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
for (const { severity, code, message, path } of diagnostics) {
  if (severity <= 1) console.log(`${["error", "warning"][severity]} ${code} ${message} at ${path.join(".")}`);
}
if (!document || diagnostics.some(({ severity }) => severity === 0)) process.exit(1);
console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations`);
