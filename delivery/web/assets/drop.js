// The name without what browsers and file managers add to a second copy, and without what chats change.
const plain = (name) =>
  name.normalize("NFKC").toLowerCase().replace(/\.(crdownload|part|partial|download|tmp)$/, "")
    .replace(/[ _-]*\(\d+\)|[ _-]+copy(?=[ .]|$)( \d+)?|[ _-]+copia|[ _-]+kopie/gu, "").replace(/[^\p{L}\p{N}.]+/gu, "");

// Files that are dropped anywhere on the page, whole folders too, or chosen with the button. `take` is given them, and
// where folders are among them what was dropped, in words.
function takeFiles(zone, input, take) {
  let depth = 0;
  const over = (is) => zone.classList.toggle("over", is);
  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");

  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth++;
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event) && --depth <= 0) over(false);
  });
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => (item.webkitGetAsEntry ? item.webkitGetAsEntry() : null));
    if (!entries.some((entry) => entry && entry.isDirectory)) {
      take([...event.dataTransfer.files], "");
      return;
    }
    const files = [];
    for (const entry of entries) if (entry) await gather(entry, files);
    take(files, entries.flatMap((entry) => (entry ? [entry.name] : [])).join(", "));
  });
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    take(files, "");
  });
}

async function gather(entry, files, depth = 0) {
  if (files.length > 5000 || depth > 5) return;
  if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    if (file) files.push(file);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!some.length) return;
    for (const inner of some) await gather(inner, files, depth + 1);
  }
}
