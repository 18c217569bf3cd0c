// SPDX-License-Identifier: Apache-2.0
//
// Element-wise formulas, written once for all devices. Each is a template over a `Math`: a number type F (a float or a
// vector of floats) with its operators and the few operations for which C++ has no operator. ScalarMath is for plain
// floats in host and CUDA code; the CPU kernels define a vector Math per instruction set.
//
// Accuracy over all finite floats: Exp, Sigmoid, Tanh and LogSigmoid within 4 units in the last place where the result
// is a normal number. A NaN gives a NaN.
#ifndef RECURVE_EXECUTOR_BACKEND_POINTWISE_H_
#define RECURVE_EXECUTOR_BACKEND_POINTWISE_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define RECURVE_POINTWISE __host__ __device__ __forceinline__
#else
#define RECURVE_POINTWISE inline __attribute__((always_inline))
#endif

namespace recurve {

// The operations of a Math, for one float.
struct ScalarMath {
  using F = float;

  static RECURVE_POINTWISE F Set(float x) { return x; }
  static RECURVE_POINTWISE F Fma(F a, F b, F c) { return fmaf(a, b, c); }  // a b + c, rounded once where the device can
  static RECURVE_POINTWISE F Divide(F a, F b) { return a / b; }
  static RECURVE_POINTWISE F Sqrt(F a) { return sqrtf(a); }
  static RECURVE_POINTWISE F Max(F bound, F x) { return bound > x ? bound : x; }  // x if x is NaN
  static RECURVE_POINTWISE F Min(F bound, F x) { return bound < x ? bound : x; }  // x if x is NaN
  static RECURVE_POINTWISE F ZeroBelow(F x, F limit, F value) { return x < limit ? 0.0f : value; }
  // value times 2^n, where n is in the low mantissa bits of `shifted`, as adding kRoundingShift leaves it. A product
  // rather than a sum of exponents, which would turn some NaNs into numbers.
  static RECURVE_POINTWISE F Scale(F value, F shifted) {
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + kBitsOfOne;
    F power;
    memcpy(&power, &bits, sizeof power);
    return value * power;
  }

  static constexpr uint32_t kBitsOfOne = 0x3F800000;
};

// Adding this to |x| < 2^22 rounds x to an integer, in the low bits of the mantissa.
constexpr float kRoundingShift = 12582912.0f;  // 1.5 * 2^23

// x = n ln 2 + r, |r| <= ln 2 / 2; returns e^r - 1 and, in `shifted`, n for Math::Scale. |x| < 2^22.
template <class Math>
RECURVE_POINTWISE typename Math::F ReducedExpMinusOne(typename Math::F x, typename Math::F* shifted) {
  using F = typename Math::F;
  const F shift = Math::Set(kRoundingShift);
  *shifted = Math::Fma(x, Math::Set(1.44269504f), shift);
  const F n = *shifted - shift;
  F r = Math::Fma(n, Math::Set(-0.693359375f), x);  // the high bits of ln 2: exact for these n
  r = Math::Fma(n, Math::Set(2.12194440e-4f), r);   // the low bits
  F q = Math::Set(1.38138805e-3f);                  // (e^r - 1 - r) / r^2, least relative error of e^r: 3.2e-9
  q = Math::Fma(q, r, Math::Set(8.36906303e-3f));
  q = Math::Fma(q, r, Math::Set(4.16684225e-2f));
  q = Math::Fma(q, r, Math::Set(1.66665182e-1f));
  q = Math::Fma(q, r, Math::Set(4.99999940e-1f));
  return Math::Fma(q * r, r, r);
}

// e^x with x clamped to [-87, 88].
template <class Math>
RECURVE_POINTWISE typename Math::F ClampedExp(typename Math::F x) {
  typename Math::F shifted;
  x = Math::Max(Math::Set(-87.0f), Math::Min(Math::Set(88.0f), x));
  const typename Math::F e = ReducedExpMinusOne<Math>(x, &shifted) + Math::Set(1.0f);
  return Math::Scale(e, shifted);
}

// e^x; 0 below -87, e^88 above 88.
template <class Math>
RECURVE_POINTWISE typename Math::F Exp(typename Math::F x) {
  return Math::ZeroBelow(x, Math::Set(-87.0f), ClampedExp<Math>(x));
}

template <class Math>
RECURVE_POINTWISE typename Math::F Sigmoid(typename Math::F x) {
  const typename Math::F one = Math::Set(1.0f);
  return Math::Divide(one, one + ClampedExp<Math>(-x));
}

// (e^2x - 1) / (e^2x + 1), with e^2x - 1 computed directly for accuracy at small x.
template <class Math>
RECURVE_POINTWISE typename Math::F Tanh(typename Math::F x) {
  using F = typename Math::F;
  F shifted;
  x = Math::Max(Math::Set(-10.0f), Math::Min(Math::Set(10.0f), x));
  const F reduced = ReducedExpMinusOne<Math>(x + x, &shifted);
  const F power = Math::Scale(Math::Set(1.0f), shifted);
  const F e = Math::Fma(power, reduced, power - Math::Set(1.0f));
  return Math::Divide(e, e + Math::Set(2.0f));
}

// ln sigmoid(x) = min(x, 0) - ln(1 + e^-|x|). With s = y / (2 + y), ln(1 + y) = ln((1 + s) / (1 - s)), odd in s.
template <class Math>
RECURVE_POINTWISE typename Math::F LogSigmoid(typename Math::F x) {
  using F = typename Math::F;
  const F y = Exp<Math>(-Math::Max(x, -x));
  const F s = Math::Divide(y, y + Math::Set(2.0f));
  const F t = s * s;
  F q = Math::Set(2.80244589e-1f);  // (ln(1 + y) - 2 s) / s^3 for s in [0, 1/3], least relative error of ln: 4.5e-9
  q = Math::Fma(q, t, Math::Set(2.79991418e-1f));
  q = Math::Fma(q, t, Math::Set(4.00216997e-1f));
  q = Math::Fma(q, t, Math::Set(6.66664124e-1f));
  return Math::Min(Math::Set(0.0f), x) - Math::Fma(q, t * s, s + s);
}

// One weight of stochastic gradient descent with momentum; see SgdArgs.
struct SgdFactors {
  float gradient_scale, learning_rate, momentum_rate, weight_decay;
};

template <class Math, class F = typename Math::F>
RECURVE_POINTWISE void SgdUpdate(const SgdFactors& factors, F g, F* w, F* momentum) {
  g = Math::Fma(Math::Set(factors.weight_decay), *w, g * Math::Set(factors.gradient_scale));
  *momentum = Math::Fma(Math::Set(factors.momentum_rate), *momentum, g);
  *w = Math::Fma(Math::Set(-factors.learning_rate), *momentum, *w);
}

// One weight of AdamW; see AdamWArgs.
struct AdamWFactors {
  float gradient_scale, beta1, beta2, epsilon;
  float mean_correction;      // 1 / (1 - beta1^step)
  float variance_correction;  // 1 / (1 - beta2^step)
  float learning_rate;
  float decay;  // learning_rate * weight_decay
};

template <class Math, class F = typename Math::F>
RECURVE_POINTWISE void AdamWUpdate(const AdamWFactors& factors, F g, F* w, F* m, F* v) {
  g = g * Math::Set(factors.gradient_scale);
  *m = Math::Fma(Math::Set(factors.beta1), *m - g, g);
  *v = Math::Fma(Math::Set(factors.beta2), *v - g * g, g * g);
  const F deviation = Math::Sqrt(*v * Math::Set(factors.variance_correction)) + Math::Set(factors.epsilon);
  const F step = *m * Math::Set(factors.mean_correction) / deviation;
  const F decayed = Math::Fma(Math::Set(-factors.decay), *w, *w);
  *w = Math::Fma(Math::Set(-factors.learning_rate), step, decayed);
}

// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): four random words as a function of a counter and a key.
struct PhiloxState {
  uint32_t c0, c1, c2, c3;
};

RECURVE_POINTWISE PhiloxState PhiloxRound(PhiloxState s, uint32_t key0, uint32_t key1) {
  const uint64_t a = uint64_t{0xD2511F53} * s.c0;
  const uint64_t b = uint64_t{0xCD9E8D57} * s.c2;
  return {static_cast<uint32_t>(b >> 32) ^ s.c1 ^ key0, static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ s.c3 ^ key1, static_cast<uint32_t>(a)};
}

RECURVE_POINTWISE PhiloxState Philox(PhiloxState counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    counter = PhiloxRound(counter, key0, key1);
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

// The words for elements 4 block .. 4 block + 3 of a dropout mask.
RECURVE_POINTWISE PhiloxState DropoutWords(uint64_t seed, uint64_t stream, uint64_t block) {
  return Philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(stream),
                 static_cast<uint32_t>(stream >> 32)},
                static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
}

// An element whose word is below this is dropped.
inline uint32_t DropoutThreshold(float rate) { return static_cast<uint32_t>(static_cast<double>(rate) * 4294967296.0); }

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_POINTWISE_H_
