// SHA-256 over a stream of blocks. WebCrypto has none: it wants all the bytes at once. The inner loop is WebAssembly
// (wasm/sha256.c), and the same in JavaScript where a browser has that turned off.
class Sha256 {
  static constants() {
    const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
    const start = [], rounds = [];
    for (let n = 2; rounds.length < 64; n++) {
      let prime = true;
      for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      if (!prime) continue;
      if (start.length < 8) start.push(fraction(Math.sqrt(n)));
      rounds.push(fraction(Math.cbrt(n)));
    }
    return { start: Int32Array.from(start), rounds: Int32Array.from(rounds) };
  }

  // The compiled inner loop from its base64, or null.
  static compile(base64) {
    try {
      return new WebAssembly.Module(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
    } catch {
      return null;
    }
  }

  constructor(module = null) {
    const { start, rounds } = Sha256.constants();
    this.state = start;
    this.rounds = rounds;
    if (module) {
      const { memory, buffer, state, compress } = new WebAssembly.Instance(module).exports;
      this.native = compress;
      this.input = new Uint8Array(memory.buffer, buffer(), 1 << 18);
      this.state = new Int32Array(memory.buffer, state(), 8);
      this.state.set(start);
    }
    this.schedule = new Int32Array(64);
    this.tail = new Uint8Array(128);
    this.held = 0;
    this.size = 0;
  }

  update(bytes) {
    this.size += bytes.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, bytes.length);
      this.tail.set(bytes.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return;
      this.compress(this.tail, 0, 64);
      this.held = 0;
    }
    const whole = at + ((bytes.length - at) & ~63);
    this.compress(bytes, at, whole);
    this.tail.set(bytes.subarray(whole));
    this.held = bytes.length - whole;
  }

  hex() {
    const end = this.held < 56 ? 64 : 128;
    this.tail.fill(0, this.held, end);
    this.tail[this.held] = 0x80;
    const view = new DataView(this.tail.buffer);
    view.setUint32(end - 8, Math.floor(this.size / 0x20000000));
    view.setUint32(end - 4, (this.size * 8) >>> 0);
    this.compress(this.tail, 0, end);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  compress(bytes, at, end) {
    if (this.native) {
      for (; at < end; at += this.input.length) {
        const some = bytes.subarray(at, Math.min(end, at + this.input.length));
        this.input.set(some);
        this.native(some.length >>> 6);
      }
      return;
    }
    const w = this.schedule, k = this.rounds, s = this.state;
    for (; at < end; at += 64) {
      for (let i = 0, p = at; i < 16; i++, p += 4) {
        w[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      }
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (((w[i - 16] + w[i - 7]) | 0) + ((s0 + s1) | 0)) | 0;
      }
      let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (((((h + s1) | 0) + (g ^ (e & (f ^ g)))) | 0) + ((k[i] + w[i]) | 0)) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0;
        d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
    }
  }
}
