// Joins volumes. A part is known by its size and digest; its name only helps to say what is wrong with a bad one.
const REVOKE_AFTER = 30 * 60 * 1000;
const MARKS = { missing: "○", waiting: "○", checking: "…", good: "✓", bad: "✗" };

class Slot {
  constructor(part, count) {
    this.part = part;
    this.count = count;
    this.file = null;
    this.candidate = null; // The file that is being checked for this place.
    this.problem = null;
    this.share = null;
    this.plain = plain(part.filename);
    this.mark = element("span", { classes: "mark", "aria-hidden": "true" });
    this.state = element("span", { classes: "state" });
    this.bar = element("progress", { max: "1", value: "0", "aria-label": say("progress") });
    this.row = element("li", {}, this.mark,
      element("span", { classes: "name" }, element("bdi", { text: printable(part.filename) })),
      element("span", { classes: "size", text: size(part.size) }), this.state, this.bar);
    this.show();
  }

  show() {
    const state = this.file ? "good" : this.problem ? "bad" : this.share !== null ? "checking" : "missing";
    const text = this.file ? say("good") : this.problem || (state === "checking" ? say("checking", { percent: percent(this.share) }) : say("missing"));
    const order = say("part_of", { order: number.format(this.part.order), count: number.format(this.count) });
    this.row.className = state;
    this.mark.textContent = MARKS[state];
    this.state.textContent = `${order} · ${text}`;
    this.bar.hidden = state !== "checking";
    if (this.share !== null) this.bar.value = this.share;
  }
}

class Joined {
  constructor(group, place) {
    this.group = group;
    this.slots = group.parts.map((part) => new Slot(part, group.parts.length));
    this.task = null;
    this.verified = null;
    this.run = null;
    this.text = element("p", { role: "status" });
    this.bar = element("progress", { max: "1", value: "0", "aria-label": say("progress"), hidden: "" });
    this.button = element("button", { type: "button", classes: "button", text: say("save", { name: isolate(group.name) }), hidden: "" });
    this.button.addEventListener("click", () => this.save());
    const facts = element("dl", { classes: "facts" });
    for (const [label, value] of [["size", size(group.size)], ["parts", number.format(group.parts.length)]]) {
      facts.append(element("div", {}, element("dt", { text: say(label) }), element("dd", { text: value })));
    }
    place.append(element("section", { classes: "card" },
      element("h2", {}, element("bdi", { text: printable(group.path) })), facts,
      element("ol", { classes: "parts" }, ...this.slots.map((slot) => slot.row)),
      element("div", { classes: "whole" }, this.text, this.bar, this.button)));
    this.show();
  }

  get complete() {
    return this.slots.every((slot) => slot.file);
  }

  show() {
    if (this.task || this.verified) return;
    const here = this.slots.filter((slot) => slot.file).length;
    const bad = this.slots.filter((slot) => slot.problem && !slot.file);
    const gone = this.slots.filter((slot) => !slot.file && !slot.problem && slot.share === null);
    const names = (slots) => {
      const shown = slots.slice(0, 12).map((slot) => isolate(slot.part.filename)).join(", ");
      return slots.length > 12 ? `${shown} … (${number.format(slots.length)})` : shown;
    };
    const lines = [say("count", { count: number.format(here), total: number.format(this.slots.length) })];
    if (here + bad.length > 0 && gone.length) lines.push(say("still_missing", { names: names(gone) }));
    if (bad.length) lines.push(say("bad_parts", { names: names(bad) }));
    this.tell(lines.join(" "));
  }

  tell(text, mood = "") {
    if (this.text.textContent !== text) this.text.textContent = text;
    this.text.className = mood && `note ${mood}`;
  }

  progress(share) {
    this.bar.hidden = share === null;
    if (share !== null) this.bar.value = share;
  }

  // The digest of the parts as one file, which is read only when it is hashed or saved.
  hash(files) {
    const whole = new Blob(files, { type: "application/octet-stream" });
    const run = { files, whole, done: 0 };
    const report = (done) => {
      run.done = done;
      if (this.task !== "check") return;
      this.progress(done / this.group.size);
      this.tell(say("whole_checking", { percent: percent(done / this.group.size) }));
    };
    run.job = hashing(whole, report, { first: true });
    run.job.result.catch(() => {});
    return run;
  }

  // Parts that look right by name and size are already hashed as a whole while each of them is still checked.
  foresee() {
    const files = this.slots.map((slot) => slot.file || slot.candidate);
    if (this.run && this.run.files.some((file, index) => file !== files[index])) {
      this.run.job.stop();
      this.run = null;
    }
    if (!this.run && !this.verified && files.every(Boolean)) this.run = this.hash(files);
  }

  async check() {
    if (this.task || this.verified || !this.complete) return;
    this.foresee();
    this.task = "check";
    const { job, whole, done } = this.run;
    this.progress(done / this.group.size);
    this.tell(say("whole_checking", { percent: percent(done / this.group.size) }));
    let digest = null;
    try {
      digest = await job.result;
    } catch {
      // A part that was moved or changed since: the digest stays unknown.
    }
    this.run = null;
    this.task = null;
    this.progress(null);
    if (digest === this.group.sha256) {
      this.verified = whole;
      this.button.hidden = false;
      this.tell(say("whole_good"), "good");
      return;
    }
    this.tell(digest ? say("whole_bad") : say("unreadable"), "bad");
  }

  async save() {
    if (!this.verified || this.task) return;
    this.task = "save";
    this.button.disabled = true;
    try {
      if (self.showSaveFilePicker) await this.stream();
      else this.handOver();
    } catch (error) {
      const quit = error && error.name === "AbortError";
      this.tell(quit ? say("cancelled") : say("save_failed", { reason: (error && error.message) || String(error) }), quit ? "" : "bad");
    }
    this.task = null;
    this.button.disabled = false;
    this.progress(null);
  }

  async stream() {
    let handle;
    try {
      handle = await self.showSaveFilePicker({ suggestedName: this.group.name });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return this.handOver(); // A name or a place that the picker refuses is fine for a download.
    }
    const target = await handle.createWritable();
    const reader = this.verified.stream().getReader();
    let done = 0;
    let shown = 0;
    try {
      for (;;) {
        const { value, done: end } = await reader.read();
        if (end) break;
        await target.write(value);
        done += value.length;
        if (done - shown > 8e6 || done === this.group.size) {
          shown = done;
          this.progress(done / this.group.size);
          this.tell(say("saving", { percent: percent(done / this.group.size) }));
        }
      }
      if (done !== this.group.size) throw new Error(say("unreadable"));
    } catch (error) {
      await Promise.allSettled([reader.cancel(), target.abort()]);
      throw error.name === "AbortError" ? new Error(error.message) : error;
    }
    await target.close();
    this.tell(say("saved", { name: isolate(this.group.name) }), "good");
  }

  handOver() {
    const address = URL.createObjectURL(this.verified);
    const link = element("a", { href: address, download: this.group.name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER);
    this.tell(say("handed_over", { name: isolate(this.group.name) }), "good");
  }
}

const joiner = {
  files: [],
  notes: document.getElementById("notes"),
  groups: data.files.map((group) => new Joined(group, document.getElementById("files"))),
  seen: new Set(),
  beside: new Set(data.beside.map(plain)),

  get slots() {
    return this.groups.flatMap((group) => group.slots);
  },

  note(text) {
    if (this.notes.children.length > 30 || [...this.notes.children].some((item) => item.textContent === text)) return;
    this.notes.append(element("li", { text }));
    this.notes.hidden = false;
  },

  // The slot that a file claims to be by its name, else the only empty one of its size.
  claimed(file) {
    const name = plain(file.name);
    const named = this.slots.filter((slot) => slot.plain === name);
    const exact = file.name.normalize("NFC");
    if (named.length) return named.find((slot) => slot.part.filename === exact) || named[0];
    const ending = /\.(\d{3,})(?=\D*$)/.exec(file.name);
    const byEnding = ending ? this.slots.filter((slot) => slot.part.filename.endsWith(`.${ending[1]}`)) : [];
    return byEnding.length === 1 ? byEnding[0] : null;
  },

  take(files, fromFolder) {
    for (const file of files) {
      const key = `${file.webkitRelativePath || ""}/${file.name}/${file.size}/${file.lastModified}`;
      const fits = this.slots.some((slot) => slot.part.size === file.size) || data.others.some((part) => part.size === file.size);
      if (this.seen.has(key) && !fits) continue;
      this.seen.add(key);
      if (fits) this.check(file, fromFolder);
      else this.misfit(file, fromFolder);
    }
    for (const group of this.groups) {
      group.foresee();
      group.show();
    }
  },

  misfit(file, fromFolder) {
    const slot = this.claimed(file);
    if (!slot) {
      if (!fromFolder && !this.beside.has(plain(file.name))) this.note(say("stranger", { name: isolate(file.name) }));
      return;
    }
    const key = file.size < slot.part.size ? "truncated" : "too_long";
    slot.problem = say(key, { have: size(file.size), size: size(slot.part.size) });
    slot.show();
  },

  async check(file, fromFolder) {
    const claim = this.claimed(file) || this.slots.find((slot) => !slot.file && slot.share === null && slot.part.size === file.size);
    const bar = claim && !claim.file && claim.part.size === file.size ? claim : null;
    const report = (done) => {
      if (!bar || bar.file) return;
      bar.share = done / file.size;
      bar.show();
    };
    if (bar) {
      bar.problem = null;
      bar.candidate = file;
    }
    report(0);
    let digest = null;
    try {
      digest = await hashing(file, report).result;
    } catch {
      if (bar) bar.problem = say("unreadable");
      else this.note(`${say("unreadable")} ${isolate(file.name)}`);
    }
    if (bar && bar.candidate === file) bar.share = bar.candidate = null;
    if (digest) this.settle(file, digest, bar, fromFolder);
    for (const group of this.groups) {
      for (const slot of group.slots) slot.show();
      group.foresee();
      group.show();
      group.check();
    }
  },

  settle(file, digest, bar, fromFolder) {
    const right = this.slots.filter((slot) => slot.part.sha256 === digest && slot.part.size === file.size);
    const empty = right.filter((slot) => !slot.file);
    for (const slot of empty) {
      slot.file = file;
      slot.problem = null;
    }
    if (right.length && !empty.length) this.note(say("duplicate", { name: isolate(file.name) }));
    if (right.length) return;
    if (data.others.some((part) => part.sha256 === digest && part.size === file.size)) {
      this.note(say("other_good", { name: isolate(file.name) }));
    } else if (this.claimed(file) && bar && !bar.file) {
      bar.problem = say("corrupt");
    } else if (!fromFolder) {
      this.note(say("damaged_stranger", { name: isolate(file.name) }));
    }
  },
};

translate();
document.title = say("title");
const phone = (navigator.userAgentData && navigator.userAgentData.mobile) || /iPhone|iPad|iPod|Android.*Mobile/.test(navigator.userAgent) ||
  (navigator.maxTouchPoints > 1 && /Macintosh/.test(navigator.userAgent));
document.getElementById("phone").hidden = !phone;
takeFiles(document.getElementById("drop"), document.getElementById("choose"), (files, fromFolder) => joiner.take(files, fromFolder));
addEventListener("beforeunload", (event) => {
  if (joiner.groups.some((group) => group.task)) event.preventDefault();
});
