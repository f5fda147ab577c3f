// Bundle the editor of the pages. Usage: node tests/npm/build_editor.mjs [FOLDER]
// The versions are those of package-lock.json, so the same lock gives the same bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const pages = join(here, "../../picus_api/pages");
const folder = process.argv[2] ?? join(pages, "static/picus_api");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: [join(pages, "editor/editor.js")],
  outfile: join(folder, "editor.js"),
  nodePaths: [join(here, "node_modules")],
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  metafile: true,
  banner: { js: "// CodeMirror 6 and parts of Picus. Licences: editor.licences.txt. Built by make editor." },
  logLevel: "warning",
});

const names = Object.keys(metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
const licences = [...new Set(names.filter(Boolean))].sort().map((name) => {
  const read = (file) => readFileSync(join(here, "node_modules", name, file), "utf8").trim();
  return `${name} ${JSON.parse(read("package.json")).version}\n\n${read("LICENSE")}\n`;
});
writeFileSync(join(folder, "editor.licences.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));
