// The delivery page: what plain HTML cannot do. Downloading works without any of this.
const REFRESH = 1000;
const DAY = 86400;
const rows = data.files.map((file, index) => {
  const row = document.getElementById(`file-${index}`);
  return { ...file, row, url: row.querySelector(".go a").href };
});
const byId = (id) => document.getElementById(id);
const stamp = new Intl.DateTimeFormat(locale, {
  day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short",
});

translate();
document.title = `${document.querySelector("h1").textContent} - ${say("delivery")}`;
for (const spot of document.querySelectorAll("a[data-name]")) {
  spot.setAttribute("aria-label", say("download_file", { name: isolate(spot.dataset.name) }));
}
for (const spot of document.querySelectorAll("[data-contains]")) {
  spot.textContent = say("contains", { count: number.format(Number(spot.dataset.contains)) });
}

// --- how long it lasts
let ahead = 0; // Seconds that this computer's clock is ahead of the store's.
let settled = false;

function secondsLeft() {
  return data.expires === null ? Infinity : Math.floor(data.expires - Date.now() / 1000 + ahead);
}

function tick() {
  const left = secondsLeft();
  if (left === Infinity) return;
  if (left <= 0 && !settled) {
    settled = true;
    askClock().then(tick);
    return;
  }
  const over = left <= 0;
  document.body.classList.toggle("expired", over);
  byId("expired").hidden = !over;
  byId("soon").hidden = over || left > DAY;
  const [days, hours, minutes, seconds] = [left / DAY, (left % DAY) / 3600, (left % 3600) / 60, left % 60].map((part) => number.format(Math.max(0, Math.floor(part))));
  const key = left >= DAY ? "days" : left >= 3600 ? "hours" : "minutes";
  const shown = byId("left");
  shown.closest("div").hidden = over;
  const text = say(key, { days, hours, minutes, seconds });
  if (shown.textContent !== text) shown.textContent = text;
  if (!over) setTimeout(tick, REFRESH);
}

// A wrong clock here must neither hide downloads that still work nor count on beyond their end: the store's own clock
// decides where it can be asked. The page itself is asked for: wherever the files lie, a script may read the time of
// what comes from where it came from.
async function askClock() {
  try {
    const answer = await fetch(location.href, { headers: { Range: "bytes=0-0" }, cache: "no-store" });
    const theirs = Date.parse(answer.headers.get("date"));
    answer.body?.cancel();
    if (!Number.isNaN(theirs)) ahead = (Date.now() - theirs) / 1000;
  } catch {
    // Not reachable, as where the page was saved: this computer's clock has to do.
  }
}

if (data.expires !== null) {
  const end = stamp.format(new Date(data.expires * 1000));
  byId("until").textContent = end;
  byId("expired-text").textContent = say("expired", { date: end });
  byId("left").closest("div").hidden = false;
  tick();
  if (!settled) askClock();
}

// --- previews
for (const { row } of rows) {
  const still = row.querySelector(".thumb img");
  const film = row.querySelector("video");
  if (still && film) film.poster = still.src;
}
for (const player of document.querySelectorAll(".more img, .more video, .more audio")) {
  player.addEventListener("error", () => {
    player.replaceWith(element("p", { classes: "soft", text: say("preview_failed") }));
  });
}

// --- everything at once
const work = byId("work");
const workText = byId("work-text");
const workBar = byId("work-bar");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function tell(text, share = null) {
  work.hidden = false;
  if (workText.textContent !== text) workText.textContent = text; // Else a screen reader says it again.
  workBar.hidden = share === null;
  if (share !== null) workBar.value = share;
}

const some = (files) => files.slice(0, 10).map((file) => isolate(file.name)).join(", ");

let begun = null; // The frames whose refusals are still told.
async function downloadAll() {
  byId("all").disabled = true;
  const frames = (begun = []);
  // What is downloaded leaves its frame as it was; only a refusal is shown in it, on a slow line after a while.
  const refused = (frame) => frame.isConnected && frame.contentDocument?.URL !== "about:blank";
  for (const [index, file] of rows.entries()) {
    tell(say("starting", { number: number.format(index + 1), count: number.format(rows.length) }), index / rows.length);
    // One for each: a second navigation of this page would call off the first.
    const frame = element("iframe", { hidden: "", referrerpolicy: "no-referrer", title: "" });
    frame.src = file.url;
    document.body.append(frame);
    frames.push(frame);
    setTimeout(() => refused(frame) || frame.remove(), 10 * 60 * 1000);
    await pause(900);
  }
  const outcome = () => {
    if (begun !== frames) return;
    const failed = rows.filter((_, index) => refused(frames[index]));
    tell(failed.length ? say("some_not_started", { names: some(failed) }) : say("all_started", { count: number.format(rows.length) }));
  };
  outcome();
  for (const frame of frames) frame.addEventListener("load", outcome);
  byId("all").disabled = false;
}

async function holds(found, file) {
  return found.size === file.size && (await hashing(found).result) === file.sha256;
}

// A handle under the file's name, numbered where something else has that; null where the file itself lies there. An empty
// file is what a page that was closed in between has left.
async function freeHandle(folder, file) {
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(file.save);
  for (let copy = 0; ; copy++) {
    const tried = copy ? `${stem} (${copy})${ending || ""}` : file.save;
    try {
      const handle = await folder.getFileHandle(tried);
      const found = await handle.getFile();
      if (await holds(found, file)) return null;
      if (!found.size) return handle;
    } catch (error) {
      if (error.name === "NotFoundError") return folder.getFileHandle(tried, { create: true });
      if (error.name !== "TypeMismatchError") throw error;
    }
  }
}

// Fetches into the handle, going on where a broken connection stopped, as long as some of the tries bring something. What
// the disk does not take is not asked for again.
async function fetchInto(handle, file, report) {
  const target = await handle.createWritable({ mode: "exclusive" });
  let done = 0;
  let vain = 0;
  try {
    do {
      const begun = done;
      try {
        const answer = await fetch(file.url, { headers: done ? { Range: `bytes=${done}-` } : {}, cache: "no-store" });
        if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { final: answer.status < 500 });
        // Some stores call a part 200 too, others send all of it again; from another origin the header may be hidden.
        const from = /^bytes (\d+)-/.exec(answer.headers.get("content-range"))?.[1];
        if (from || answer.status !== 206) done = Number(from ?? 0);
        const reader = answer.body.getReader();
        for (;;) {
          const { value, done: end } = await reader.read();
          if (end) break;
          await target.write({ type: "write", position: done, data: value }).catch(({ message }) => {
            throw Object.assign(new Error(message), { final: true, disk: true });
          });
          done += value.length;
          report(done);
        }
        if (done < file.size) throw new Error("cut short");
      } catch (error) {
        vain = done > begun ? 0 : vain + 1;
        if (error.final || vain >= 5) throw error;
        await pause(1000 * 2 ** vain);
      }
    } while (done < file.size);
    await target.close();
  } catch (error) {
    await target.abort().catch(() => {});
    throw error;
  }
}

async function saveIntoFolder() {
  let folder;
  try {
    folder = await self.showDirectoryPicker({ mode: "readwrite" });
  } catch {
    return;
  }
  const button = byId("folder");
  button.disabled = true;
  begun = null;
  const total = rows.reduce((sum, file) => sum + file.size, 0) || 1;
  const failed = [];
  let full = null; // Why the disk took no more.
  let before = 0;
  for (const file of rows) {
    const show = (done) => tell(say("saving", { name: isolate(file.name), percent: percent((before + done) / total) }), (before + done) / total);
    show(0);
    let handle = null;
    try {
      handle = await freeHandle(folder, file);
      if (handle) {
        if (full) throw full;
        await fetchInto(handle, file, show);
        if (!(await holds(await handle.getFile(), file))) throw new Error("altered");
      }
      markGood(file);
    } catch (error) {
      failed.push(file);
      if (error.disk) full = error;
      if (handle) await folder.removeEntry(handle.name).catch(() => {});
    }
    before += file.size;
  }
  if (failed.length) {
    const told = say("saved_some", { count: number.format(rows.length - failed.length), total: number.format(rows.length), names: some(failed) });
    tell(full ? `${say("save_failed", { reason: full.message })} ${told}` : told);
  } else {
    tell(say("saved_all", { count: number.format(rows.length) }));
  }
  button.disabled = false;
}

addEventListener("beforeunload", (event) => {
  if (byId("folder").disabled) event.preventDefault();
});

if (rows.length > 1) {
  byId("all").hidden = false;
  byId("all").addEventListener("click", downloadAll);
  const reachable = rows.every((file) => new URL(file.url).origin === location.origin);
  if (self.showDirectoryPicker && reachable) {
    byId("folder").hidden = false;
    byId("folder").addEventListener("click", saveIntoFolder);
  }
}

// --- checking what arrived
const results = byId("results");

function markGood(file) {
  const state = file.row.querySelector(".state");
  state.textContent = `✓ ${say("good")}`;
  state.hidden = false;
}

// What a file claims to be: the one of its very name, else one that it may be a renamed copy of.
const claimed = ({ name }) =>
  rows.find((row) => [row.save, row.name].includes(name.normalize("NFC"))) ||
  rows.find((row) => [row.save, row.name].some((own) => plain(own) === plain(name)));

async function checkFile(file) {
  const line = element("li");
  results.prepend(line);
  const name = isolate(file.name);
  const tell = (key, mood, values = {}) => {
    line.textContent = say(key, { name, ...values });
    line.className = mood;
  };
  const sized = rows.filter((row) => row.size === file.size);
  const named = claimed(file);
  if (!sized.length && !named) return tell("unknown_file", "bad");
  if (!sized.length) {
    if (file.size < named.size) return tell("short_file", "bad", { have: size(file.size), size: size(named.size) });
    return tell("bad_file", "bad");
  }
  let shown = -1;
  const report = (done) => {
    const share = Math.floor((done / (file.size || 1)) * 100);
    if (share === shown) return;
    shown = share;
    tell("checking", "", { percent: percent(share / 100) });
  };
  report(0);
  try {
    const digest = await hashing(file, report).result;
    const same = sized.filter((row) => row.sha256 === digest);
    if (!same.length) return tell("bad_file", "bad");
    const right = same.includes(named) ? named : same[0];
    markGood(right);
    tell("good_file", "good");
  } catch {
    tell("unreadable", "bad");
  }
}

// Of a folder only what may be meant is looked at; where that is nothing, it is said of the folder.
takeFiles(byId("drop"), byId("choose"), (files, folder) => {
  const meant = files.filter((file) => !folder || claimed(file) || rows.some((row) => row.size === file.size));
  for (const file of meant) checkFile(file);
  if (!meant.length && folder) {
    results.prepend(element("li", { classes: "bad", text: say("unknown_file", { name: isolate(folder) }) }));
  }
});
