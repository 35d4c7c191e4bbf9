// Digests of files, worked out beside the page by as many workers as there are cores; never a whole file in memory.
const hashing = (() => {
  const BLOCK = 1 << 20;
  const module = Sha256.compile(SHA256_WASM);

  // Block after block of a blob. Two buffers, read into in turn while the other is taken: the fastest way, and no garbage.
  async function eachBlock(blob, take) {
    let reader, spare;
    try {
      reader = blob.stream().getReader({ mode: "byob" });
      spare = new ArrayBuffer(BLOCK);
    } catch {
      reader = blob.stream().getReader();
    }
    const read = (buffer) => (buffer ? reader.read(new Uint8Array(buffer)) : reader.read());
    let next = read(spare && new ArrayBuffer(BLOCK));
    for (;;) {
      const { value, done } = await next;
      if (done) return;
      next = read(spare);
      next.catch(() => {});
      take(value);
      spare = spare && value.buffer;
    }
  }

  async function digest(blob, report) {
    const sha = new Sha256(module);
    let told = 0;
    await eachBlock(blob, (bytes) => {
      sha.update(bytes);
      if (sha.size - told < 4 * BLOCK && sha.size < blob.size) return;
      told = sha.size;
      report(told);
    });
    if (sha.size !== blob.size) throw new Error("changed while it was read");
    return sha.hex();
  }

  function serve() {
    self.onmessage = async ({ data: { blob } }) => {
      try {
        const hex = await digest(blob, (done) => self.postMessage({ done }));
        self.postMessage({ hex });
      } catch (error) {
        self.postMessage({ error: String((error && error.message) || error) });
      }
    };
  }

  const source = `"use strict";${Sha256}\nconst BLOCK=${BLOCK},module=Sha256.compile("${SHA256_WASM}");${eachBlock};${digest}\n(${serve})();`;
  const most = Math.max(2, Math.min(4, navigator.hardwareConcurrency || 2));
  const queue = [];
  const idle = [];
  let busy = 0;
  let barred = false; // Workers that are refused only say so once they should run.

  function worker() {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const made = new Worker(address);
    made.address = address;
    return made;
  }

  function pump() {
    while (queue.length && busy < most) {
      const job = queue.shift();
      if (job.stopped) continue;
      busy++;
      let hand;
      const leave = (settle, value, reuse) => {
        if (job.settled) return;
        job.settled = true;
        busy--;
        if (hand && reuse) idle.push(hand);
        else if (hand) hand.terminate();
        settle(value);
        pump();
      };
      const here = () =>
        digest(job.blob, job.report).then((hex) => leave(job.resolve, hex), (error) => leave(job.reject, error));
      try {
        hand = barred ? null : idle.pop() || worker();
      } catch {
        hand = null;
      }
      if (!hand) {
        here();
        continue;
      }
      job.stop = () => leave(job.reject, new DOMException("stopped", "AbortError"), false);
      hand.onerror = (event) => {
        event.preventDefault();
        hand.terminate();
        hand = null;
        barred = true;
        here();
      };
      hand.onmessage = ({ data }) => {
        if ("done" in data) job.report(data.done);
        else if ("hex" in data) leave(job.resolve, data.hex, true);
        else leave(job.reject, new Error(data.error), true);
      };
      hand.postMessage({ blob: job.blob });
    }
  }

  // Gives { result: Promise of the hex digest, stop() }. `report` is told the bytes done.
  return function hash(blob, report = () => {}, { first = false } = {}) {
    const job = { blob, report, stopped: false, stop: null };
    job.result = new Promise((resolve, reject) => Object.assign(job, { resolve, reject }));
    if (first) queue.unshift(job);
    else queue.push(job);
    pump();
    return {
      result: job.result,
      stop() {
        job.stopped = true;
        if (job.stop) job.stop();
      },
    };
  };
})();
