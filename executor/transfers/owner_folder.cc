// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/owner_folder.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "executor/data/sha256.h"

namespace recurve {

std::string OwnerFolder(const std::string& owner) {
  constexpr size_t kMostCharacters = 200;
  std::string folder;
  for (const char c : owner) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain = absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '@' || (c == '.' && !folder.empty());
    absl::StrAppend(&folder, plain ? std::string(1, c) : absl::StrCat("%", absl::Hex(byte, absl::kZeroPad2)));
  }
  if (folder.size() <= kMostCharacters) return folder;
  Sha256 digest;
  digest.Add(owner.data(), static_cast<int64_t>(owner.size()));
  return absl::StrCat("%sha256-", digest.Hex());
}

}  // namespace recurve
