// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_FUZZ_DAMAGE_H_
#define RECURVE_TESTS_FUZZ_DAMAGE_H_

#include <algorithm>
#include <random>
#include <string>

namespace recurve {

using Random = std::mt19937_64;

inline std::string RandomBytes(Random& random) {
  std::string bytes(random() % 200, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Changes, drops, doubles or inserts a few bytes, or goes on as another input does.
inline std::string Damage(std::string bytes, const std::string& other, Random& random) {
  for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 6) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, random() % 64));
        break;
      case 4:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      default:
        bytes.replace(at, std::string::npos, other.substr(std::min(at, other.size())));
    }
  }
  return bytes;
}

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_DAMAGE_H_
