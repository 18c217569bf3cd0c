// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/token_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr size_t kMostFileBytes = size_t{1} << 20;
constexpr size_t kMostCallers = 4096;  // each call is compared with all tokens
constexpr size_t kLeastTokenBytes = 16;
constexpr size_t kMostTokenBytes = 512;
constexpr absl::string_view kDigestPrefix = "sha256:";
constexpr absl::string_view kCertificatePrefix = "cn:";
constexpr absl::string_view kQuotedPrefix = "cn:\"";
constexpr absl::string_view kBlanks = " \t";

struct Line {
  absl::string_view credential;                  // empty if it is a name in quotes
  std::optional<absl::string_view> certificate;  // the name, if it is one
  absl::string_view owner;
  absl::string_view role;
};

// A name in quotes may contain blanks. Without quotes, a line that lacks its owner would be one with a shorter name.
absl::StatusOr<Line> SplitLine(absl::string_view text) {
  Line line;
  if (absl::ConsumePrefix(&text, kQuotedPrefix)) {
    const size_t quote = text.find('"');
    if (quote == absl::string_view::npos) return absl::InvalidArgumentError("the name lacks its closing quote");
    line.certificate = text.substr(0, quote);
    text.remove_prefix(quote + 1);
  } else {
    const size_t end = std::min(text.find_first_of(kBlanks), text.size());
    line.credential = text.substr(0, end);
    text.remove_prefix(end);
    absl::string_view name = line.credential;
    if (absl::ConsumePrefix(&name, kCertificatePrefix)) line.certificate = name;
  }
  const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar(kBlanks), absl::SkipEmpty());
  if (words.size() != 2 || kBlanks.find(text.front()) == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "must have three words: CREDENTIAL OWNER ROLE; a name with blanks needs quotes: cn:\"NAME\"");
  }
  line.owner = words[0];
  line.role = words[1];
  return line;
}

absl::StatusOr<Identity> IdentityOf(const Line& line) {
  const std::string owner(line.owner);
  if (owner.size() > kMostOwnerBytes || Printable(owner) != owner) {
    return absl::InvalidArgumentError(
        absl::StrCat("the owner, the second word, must be printable UTF-8 of at most ", kMostOwnerBytes, " bytes"));
  }
  const absl::StatusOr<Role> role = ParseRole({line.role.data(), line.role.size()});
  if (!role.ok()) return absl::InvalidArgumentError("the role, the third word, must be read, submit or admin");
  return Identity{.owner = owner, .role = *role};
}

bool IsToken(std::string_view text) {
  return text.size() >= kLeastTokenBytes && text.size() <= kMostTokenBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

absl::StatusOr<Sha256Digest> DigestOf(absl::string_view credential) {
  if (absl::ConsumePrefix(&credential, kDigestPrefix)) {
    Sha256Digest digest;
    const bool hex = std::all_of(credential.begin(), credential.end(), [](char c) { return absl::ascii_isxdigit(c); });
    if (credential.size() != 2 * digest.size() || !hex) {
      return absl::InvalidArgumentError("sha256: must be followed by 64 hexadecimal digits");
    }
    const std::string bytes = absl::HexStringToBytes(credential);
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    if (digest != TokenDigestOf("")) return digest;
    return absl::InvalidArgumentError(
        "sha256: is followed by the SHA-256 of nothing; was the file of the token empty?");
  }
  // Else a misspelt prefix would make a token of what is no secret.
  if (absl::StrContains(credential, ':')) {
    return absl::InvalidArgumentError("a credential with a colon must begin with sha256: or cn:, in small letters");
  }
  if (!IsToken({credential.data(), credential.size()})) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token must have ", kLeastTokenBytes, " to ", kMostTokenBytes,
                     " printable ASCII characters without blanks, such as `openssl rand -hex 32` prints"));
  }
  return TokenDigestOf({credential.data(), credential.size()});
}

absl::Status AddLine(absl::string_view text, KnownCallers& callers, std::set<Sha256Digest>& digests) {
  ASSIGN_OR_RETURN(const Line line, SplitLine(text));
  ASSIGN_OR_RETURN(Identity identity, IdentityOf(line));
  if (line.certificate.has_value()) {
    if (line.certificate->empty())
      return absl::InvalidArgumentError("cn: must be followed by the name in a certificate");
    const bool added = callers.certificates.emplace(std::string(*line.certificate), std::move(identity)).second;
    if (added) return absl::OkStatus();
    return absl::InvalidArgumentError("an earlier line has the same certificate; leave one of them out");
  }
  ASSIGN_OR_RETURN(const Sha256Digest digest, DigestOf(line.credential));
  if (!digests.insert(digest).second) {
    return absl::InvalidArgumentError("an earlier line has the same token; leave one of them out");
  }
  callers.tokens.push_back({.digest = digest, .identity = std::move(identity)});
  return absl::OkStatus();
}

bool IsSecret(absl::string_view line) {
  return !line.empty() && !absl::StartsWith(line, kDigestPrefix) && !absl::StartsWith(line, kCertificatePrefix);
}

std::vector<absl::string_view> LinesOf(absl::string_view text) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (absl::string_view& line : lines) {
    line = absl::StripAsciiWhitespace(line);
    // A # within a word is part of it.
    if (absl::StartsWith(line, "#")) line = {};
    const size_t comment = line.find(" #");
    if (comment != absl::string_view::npos) line = absl::StripTrailingAsciiWhitespace(line.substr(0, comment));
  }
  return lines;
}

absl::Status CannotRead(const std::string& path, const std::string& why) {
  return absl::NotFoundError(
      absl::StrCat("cannot read the token file ", path, ": ", why, "; must be a file that this user may read"));
}

// Calls `use` with the contents of the file, which are erased from memory afterwards.
template <typename Use>
auto WithContents(const std::string& path, Use use) -> decltype(use(absl::string_view(), mode_t())) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat file {};
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return CannotRead(path, "it is not a regular file");
  std::vector<char> text(kMostFileBytes + 1);  // never reallocated, which would leave a copy
  const absl::Cleanup eraser = [&text] { OPENSSL_cleanse(text.data(), text.size()); };
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(fd, text.data() + size, text.size() - size);
    if (count < 0) return CannotRead(path, strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size > kMostFileBytes) return CannotRead(path, absl::StrCat("it has more than ", kMostFileBytes, " bytes"));
  return use(absl::string_view(text.data(), size), file.st_mode);
}

absl::Status CheckPrivate(const std::string& path, absl::string_view text, mode_t mode) {
  constexpr mode_t kOthers = 0077;
  constexpr mode_t kOthersWrite = 0022;
  if ((mode & kOthers) == 0) return absl::OkStatus();
  if ((mode & kOthersWrite) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("other users may write to the token file ", path, " (mode ",
                                                      absl::StrFormat("%04o", mode & 07777),
                                                      "), and so let themselves in; run chmod 600 ", path));
  }
  const std::vector<absl::string_view> lines = LinesOf(text);
  if (std::none_of(lines.begin(), lines.end(), IsSecret)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the token file ", path,
                                                    " contains tokens, and other users may access it (mode ",
                                                    absl::StrFormat("%04o", mode & 07777), "); run chmod 600 ", path,
                                                    ", or replace each token by sha256: and the SHA-256 of the token"));
}

}  // namespace

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kSubmit:
      return "submit";
    case Role::kAdmin:
      return "admin";
    case Role::kNone:
      break;
  }
  return "none";
}

absl::StatusOr<Role> ParseRole(std::string_view name) {
  for (const Role role : {Role::kRead, Role::kSubmit, Role::kAdmin}) {
    if (name == NameOf(role)) return role;
  }
  return absl::InvalidArgumentError("role must be read, submit or admin");
}

Sha256Digest TokenDigestOf(std::string_view text) {
  Sha256Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

const Identity* KnownCallers::FindToken(std::string_view token) const {
  if (!IsToken(token)) return nullptr;
  const Sha256Digest digest = TokenDigestOf(token);
  const Identity* found = nullptr;
  for (const Token& known : tokens) {
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) found = &known.identity;
  }
  return found;
}

absl::StatusOr<KnownCallers> ParseTokenFile(std::string_view text, const std::string& path) {
  KnownCallers callers;
  std::set<Sha256Digest> digests;
  size_t number = 0;
  for (const absl::string_view line : LinesOf({text.data(), text.size()})) {
    ++number;
    if (line.empty()) continue;
    const absl::Status status = AddLine(line, callers, digests);
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ", line ", number, ": ", status.message()));
  }
  const size_t count = callers.tokens.size() + callers.certificates.size();
  if (count == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " names no caller; must have lines CREDENTIAL OWNER ROLE"));
  }
  if (count <= kMostCallers) return callers;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " has ", count, " lines with credentials; must have at most ", kMostCallers));
}

absl::StatusOr<KnownCallers> ReadTokenFile(const std::string& path) {
  return WithContents(path, [&](absl::string_view text, mode_t mode) -> absl::StatusOr<KnownCallers> {
    RETURN_IF_ERROR(CheckPrivate(path, text, mode));
    return ParseTokenFile({text.data(), text.size()}, path);
  });
}

}  // namespace recurve
