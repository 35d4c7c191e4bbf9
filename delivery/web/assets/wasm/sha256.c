/* The inner loop of SHA-256 (FIPS 180-4) for the browser: `compress` takes the blocks that lie in `buffer`.
 *
 * Build, with clang and lld 14 or newer; the result is committed so that an install needs neither:
 *
 *   clang --target=wasm32 -O3 -nostdlib -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 -o sha256.wasm sha256.c
 */
typedef unsigned int word;

#define BUFFER 262144

__attribute__((aligned(16))) static unsigned char data[BUFFER];
static word hash[8];

static const word K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define SPREAD(i) \
    (w[i] += w[(i + 9) & 15] + (ROTATE(w[(i + 1) & 15], 7) ^ ROTATE(w[(i + 1) & 15], 18) ^ w[(i + 1) & 15] >> 3) \
           + (ROTATE(w[(i + 14) & 15], 17) ^ ROTATE(w[(i + 14) & 15], 19) ^ w[(i + 14) & 15] >> 10))
#define ROUND(a, b, c, d, e, f, g, h, k, x) \
    do { \
        word t = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + (g ^ (e & (f ^ g))) + (k) + (x); \
        d += t; \
        h = t + (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) | (c & (a | b))); \
    } while (0)
#define EIGHT(i, X) \
    ROUND(a, b, c, d, e, f, g, h, k[i + 0], X(i + 0)); \
    ROUND(h, a, b, c, d, e, f, g, k[i + 1], X(i + 1)); \
    ROUND(g, h, a, b, c, d, e, f, k[i + 2], X(i + 2)); \
    ROUND(f, g, h, a, b, c, d, e, k[i + 3], X(i + 3)); \
    ROUND(e, f, g, h, a, b, c, d, k[i + 4], X(i + 4)); \
    ROUND(d, e, f, g, h, a, b, c, k[i + 5], X(i + 5)); \
    ROUND(c, d, e, f, g, h, a, b, k[i + 6], X(i + 6)); \
    ROUND(b, c, d, e, f, g, h, a, k[i + 7], X(i + 7))
#define FIRST(i) (w[i] = __builtin_bswap32(((const word *)block)[i]))

__attribute__((export_name("buffer"))) unsigned char *buffer(void) { return data; }

__attribute__((export_name("state"))) word *state(void) { return hash; }

__attribute__((export_name("compress"))) void compress(word blocks) {
    const unsigned char *block = data;
    for (; blocks; blocks--, block += 64) {
        word w[16];
        word a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
        const word *k = K;
        EIGHT(0, FIRST);
        EIGHT(8, FIRST);
        for (k += 16; k < K + 64; k += 16) {
            EIGHT(0, SPREAD);
            EIGHT(8, SPREAD);
        }
        hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e, hash[5] += f, hash[6] += g, hash[7] += h;
    }
}
