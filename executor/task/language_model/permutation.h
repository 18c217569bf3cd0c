// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_PERMUTATION_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_PERMUTATION_H_

#include <bit>
#include <cstdint>

namespace recurve {

// A pseudo-random permutation of 0..n-1 determined by a key, without storing it: four rounds of a Feistel network (Luby
// and Rackoff 1988) over the smallest power of four that is at least n, repeated until the result is below n.
// Thread-safe.
class Permutation {
 public:
  Permutation(int64_t n, uint64_t key)
      : n_(static_cast<uint64_t>(n)), key_(key), half_bits_((std::bit_width(n_ - 1) + 1) / 2) {}

  int64_t operator()(int64_t i) const {
    auto x = static_cast<uint64_t>(i);
    do x = Encrypt(x);
    while (x >= n_);
    return static_cast<int64_t>(x);
  }

 private:
  // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
  static uint64_t Mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }
  uint64_t Encrypt(uint64_t x) const {
    const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
    uint64_t left = x >> half_bits_;
    uint64_t right = x & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (Mix(Mix(key_ + round) ^ right) & mask);
      left = right;
      right = next;
    }
    return left << half_bits_ | right;
  }

  uint64_t n_, key_;
  int half_bits_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_PERMUTATION_H_
