// Unpacks the headless Chromium that the npm package @sparticuz/chromium holds, with the libraries it needs, into $TMPDIR.
import { inflate } from "@sparticuz/chromium";
import { fileURLToPath } from "node:url";

if (process.platform !== "linux" || process.arch !== "x64") {
  console.error(
    `The browser that npm brings is for Linux on x64, not for ${process.platform} on ${process.arch}: ` +
      "name a Chromium or Chrome of this machine, as in `make test CHROMIUM=/path/to/chrome`.",
  );
  process.exit(1);
}
const archive = (name) => fileURLToPath(new URL(`../bin/${name}`, import.meta.resolve("@sparticuz/chromium")));
await Promise.all(["chromium.br", "fonts.tar.br", "al2023.tar.br"].map((name) => inflate(archive(name))));
