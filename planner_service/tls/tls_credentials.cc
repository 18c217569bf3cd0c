// SPDX-License-Identifier: Apache-2.0
#include "planner_service/tls/tls_credentials.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

constexpr size_t kMostBytes = size_t{4} << 20;  // far above any bundle of authorities
constexpr size_t kMostTokenBytes = 512;

absl::Status CannotRead(const std::string& path, const std::string& why) {
  return absl::NotFoundError(absl::StrCat("cannot read ", path, ": ", why, "; must be a file that this user may read"));
}

struct Contents {
  std::string text;
  mode_t mode = 0;
};

absl::StatusOr<Contents> ReadContents(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat file {};
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return CannotRead(path, "it is not a regular file");
  Contents contents = {.mode = file.st_mode};
  std::string& text = contents.text;
  char block[1 << 14];
  while (true) {
    const ssize_t count = read(fd, block, sizeof(block));
    if (count < 0) return CannotRead(path, strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
    if (count == 0) return contents;
    text.append(block, static_cast<size_t>(count));
    if (text.size() > kMostBytes) return CannotRead(path, absl::StrCat("it has more than ", kMostBytes, " bytes"));
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  ASSIGN_OR_RETURN(Contents contents, ReadContents(path));
  return std::move(contents.text);
}

// The token in the first line of a file. Errors do not quote it.
absl::StatusOr<std::string> ReadToken(const std::string& path) {
  ASSIGN_OR_RETURN(const Contents contents, ReadContents(path));
  if ((contents.mode & S_IROTH) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("every user of this machine may read the token in ", path, "; run chmod 600 ", path));
  }
  std::string token(absl::StripAsciiWhitespace(contents.text.substr(0, contents.text.find('\n'))));
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return absl::ascii_isgraph(c); });
  if (!token.empty() && token.size() <= kMostTokenBytes && printable) return token;
  return absl::InvalidArgumentError(absl::StrCat("the first line of the token file ", path,
                                                 " must be a token, of 1 to ", kMostTokenBytes,
                                                 " printable ASCII characters without blanks"));
}

absl::Status CheckGiven(const TlsFiles& files, TlsRole role) {
  const auto missing = [](const char* given, const std::string& file, const char* needed) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", given, " ", file, " is given without a ", needed, "; give both, or neither"));
  };
  if (!files.certificate.empty() && files.key.empty()) {
    return missing("certificate file", files.certificate, "key file");
  }
  if (files.certificate.empty() && !files.key.empty()) return missing("key file", files.key, "certificate file");
  if (role == TlsRole::kServer && files.certificate.empty() && !files.authorities.empty()) {
    return missing("CA file for clients", files.authorities, "certificate file");
  }
  if (role == TlsRole::kClient && files.authorities.empty() && !files.certificate.empty()) {
    return missing("certificate file", files.certificate, "CA file");
  }
  return absl::OkStatus();
}

absl::Status CheckPurpose(X509* certificate, const std::string& file, TlsRole role) {
  const bool server = role == TlsRole::kServer;
  if (X509_check_purpose(certificate, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, 0) == 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(file, ": certificate 1 is not meant for a ",
                                                 server ? "server" : "client", "; its key usages must include ",
                                                 server ? "server auth" : "client auth"));
}

// Whether OpenSSL, as gRPC uses it, accepts them. It refuses short keys and weak signatures.
absl::Status TryInContext(const std::vector<Certificate>& chain, EVP_PKEY* key, const std::string& file) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  bool accepted = context != nullptr && SSL_CTX_use_certificate(context.get(), chain[0].get()) == 1 &&
                  SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  for (size_t i = 1; accepted && i < chain.size(); ++i) {
    accepted = SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  }
  if (accepted) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(file, " is refused by OpenSSL (", TakeOpenSslError(), "); issue it again with a stronger key"));
}

absl::Status CheckPair(const TlsFiles& files, TlsRole role, TlsCredentials& credentials) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain, ParseCertificates(credentials.certificate, files.certificate));
  ASSIGN_OR_RETURN(const PrivateKey key, ParsePrivateKey(credentials.key, files.key));
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    TakeOpenSslError();
    return absl::InvalidArgumentError(absl::StrCat(files.key, " does not belong to the certificate in ",
                                                   files.certificate, "; must be the key it was issued for"));
  }
  RETURN_IF_ERROR(CheckChain(chain, files.certificate));
  RETURN_IF_ERROR(CheckPurpose(chain[0].get(), files.certificate, role));
  RETURN_IF_ERROR(TryInContext(chain, key.get(), files.certificate));
  credentials.expiry = ExpiryOf(*chain[0]);
  for (const Certificate& each : chain) credentials.expiry = std::min(credentials.expiry, ExpiryOf(*each));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsCredentials> ReadTlsFiles(const TlsFiles& files, TlsRole role) {
  RETURN_IF_ERROR(CheckGiven(files, role));
  TlsCredentials credentials = {.files = files};
  if (!files.certificate.empty()) {
    ASSIGN_OR_RETURN(credentials.certificate, ReadFile(files.certificate));
    ASSIGN_OR_RETURN(credentials.key, ReadFile(files.key));
    RETURN_IF_ERROR(CheckPair(files, role, credentials));
  }
  if (!files.authorities.empty()) {
    ASSIGN_OR_RETURN(credentials.authorities, ReadFile(files.authorities));
    ASSIGN_OR_RETURN(const std::vector<Certificate> authorities,
                     ParseCertificates(credentials.authorities, files.authorities));
    RETURN_IF_ERROR(CheckAuthorities(authorities, files.authorities));
  }
  if (!files.token.empty()) {
    ASSIGN_OR_RETURN(credentials.token, ReadToken(files.token));
  }
  return credentials;
}

}  // namespace recurve
