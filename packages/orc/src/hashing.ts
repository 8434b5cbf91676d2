/** 64 bits as two signed halves: JavaScript's own integers of that size are too slow for a hash a value. */
export interface Hash {
  high: number;
  low: number;
}

/** Thomas Wang's hash of a 64-bit integer, in place: what ORC's bloom filters take of numbers, dates and times. */
export function hashLong(key: Hash): void {
  const { high, low } = key;
  // key = ~key + (key << 21)
  sum(key, ~high, ~low, (high << 21) | (low >>> 11), low << 21);
  xorShift(key, 24);
  multiply(key, 0, 265);
  xorShift(key, 14);
  multiply(key, 0, 21);
  xorShift(key, 28);
  // key += key << 31
  sum(key, key.high, key.low, (key.high << 31) | (key.low >>> 1), key.low << 31);
}

const seed = 104_729;

/** The 64-bit hash that ORC makes of Murmur3, of the bytes of a text, a decimal's text or a binary. */
export function hashBytes(bytes: Uint8Array, from: number, to: number, hash: Hash): void {
  hash.high = 0;
  hash.low = seed;
  const tail = to - ((to - from) & 7);
  for (let at = from; at < tail; at += 8) {
    block.low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    block.high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    mixIn(hash);
    rotate(hash, 27);
    multiply(hash, 0, 5);
    sum(hash, hash.high, hash.low, 0, 0x52_dc_e7_29);
  }
  if (tail < to) {
    block.low = 0;
    block.high = 0;
    for (let at = tail; at < to; at += 1) {
      const shift = (at - tail) * 8;
      if (shift < 32) block.low |= bytes[at]! << shift;
      else block.high |= bytes[at]! << (shift - 32);
    }
    mixIn(hash);
  }
  hash.low ^= to - from;
  foldHigh(hash);
  multiply(hash, 0xff_51_af_d7 | 0, 0xed_55_8c_cd | 0);
  foldHigh(hash);
  multiply(hash, 0xc4_ce_b9_fe | 0, 0x1a_85_ec_53);
  foldHigh(hash);
}

const block: Hash = { high: 0, low: 0 };

/** hash ^= rotate(block * C1, 31) * C2 */
function mixIn(hash: Hash): void {
  multiply(block, 0x87_c3_7b_91 | 0, 0x11_42_53_d5);
  rotate(block, 31);
  multiply(block, 0x4c_f5_ad_43, 0x27_45_93_7f);
  hash.high ^= block.high;
  hash.low ^= block.low;
}

/** hash ^= hash >>> 33 */
function foldHigh(hash: Hash): void {
  hash.low ^= hash.high >>> 1;
}

/** key ^= key >> bits, with the sign, for 0 < bits < 32. */
function xorShift(key: Hash, bits: number): void {
  const { high, low } = key;
  key.low = low ^ ((low >>> bits) | (high << (32 - bits)));
  key.high = high ^ (high >> bits);
}

/** To the left by 0 < bits < 32. */
function rotate(key: Hash, bits: number): void {
  const { high, low } = key;
  key.high = (high << bits) | (low >>> (32 - bits));
  key.low = (low << bits) | (high >>> (32 - bits));
}

// eslint-disable-next-line max-params -- the halves of two numbers
function sum(into: Hash, high: number, low: number, addedHigh: number, addedLow: number): void {
  const lowest = (low >>> 0) + (addedLow >>> 0);
  into.low = lowest | 0;
  into.high = (high + addedHigh + (lowest > 0xff_ff_ff_ff ? 1 : 0)) | 0;
}

function multiply(into: Hash, high: number, low: number): void {
  const crossed = Math.imul(into.high, low) + Math.imul(into.low, high);
  into.high = (multiplyHigh(into.low, low) + crossed) | 0;
  into.low = Math.imul(into.low, low);
}

/** The upper half of the product of two unsigned integers of 32 bits. */
function multiplyHigh(left: number, right: number): number {
  const [leftLow, leftHigh] = [left & 0xffff, left >>> 16];
  const [rightLow, rightHigh] = [right & 0xffff, right >>> 16];
  const middle = leftHigh * rightLow + Math.floor((leftLow * rightLow) / 0x1_00_00);
  const other = (middle % 0x1_00_00) + leftLow * rightHigh;
  return leftHigh * rightHigh + Math.floor(middle / 0x1_00_00) + Math.floor(other / 0x1_00_00);
}
