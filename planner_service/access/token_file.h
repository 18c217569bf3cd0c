// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_ACCESS_TOKEN_FILE_H_
#define RECURVE_PLANNER_SERVICE_ACCESS_TOKEN_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/access/caller.h"

namespace recurve {

// "read", "submit" or "admin", as in a token file; "none".
std::string_view NameOf(Role role);

// INVALID_ARGUMENT unless `name` is "read", "submit" or "admin".
absl::StatusOr<Role> ParseRole(std::string_view name);

// Of an owner, in bytes.
inline constexpr size_t kMostOwnerBytes = 128;

struct Identity {
  std::string owner;
  Role role = Role::kNone;

  bool operator==(const Identity&) const = default;
};

using Sha256Digest = std::array<unsigned char, 32>;
Sha256Digest TokenDigestOf(std::string_view text);

// The callers that a token file names. It holds no token, only their digests.
struct KnownCallers {
  struct Token {
    Sha256Digest digest;
    Identity identity;

    bool operator==(const Token&) const = default;
  };
  std::vector<Token> tokens;
  std::map<std::string, Identity, std::less<>> certificates;  // by the name of the certificate

  // The caller with this token; null if there is none, or if this is not 16 to 512 printable ASCII characters. Takes
  // the same time for each token that is not there: compares its digest with all digests, in constant time.
  const Identity* FindToken(std::string_view token) const;

  bool operator==(const KnownCallers&) const = default;
};

// Parses the text of a token file: UTF-8 lines `CREDENTIAL OWNER ROLE`, comments after #, and empty lines. CREDENTIAL
// is a token (16 to 512 printable ASCII characters without a colon), sha256:HEX of a token, or cn:NAME of a client
// certificate, cn:"NAME" if the name contains blanks.
// INVALID_ARGUMENT names `path` and the line, but never quotes it.
absl::StatusOr<KnownCallers> ParseTokenFile(std::string_view text, const std::string& path);

// Reads and parses a token file, and leaves no copy of its tokens in memory. NOT_FOUND if it cannot be read;
// FAILED_PRECONDITION if others than its owner may write to it, or if it contains tokens and others may read it.
absl::StatusOr<KnownCallers> ReadTokenFile(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ACCESS_TOKEN_FILE_H_
