// SPDX-License-Identifier: Apache-2.0
#include "executor/data/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr); }

Sha256::~Sha256() { EVP_MD_CTX_free(context_->evp); }

void Sha256::Add(const void* data, int64_t size) { EVP_DigestUpdate(context_->evp, data, static_cast<size_t>(size)); }

std::string Sha256::Hex() {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  return absl::BytesToHexString(digest);
}

std::string Sha256Of(std::string_view text) {
  Sha256 sha256;
  sha256.Add(text.data(), static_cast<int64_t>(text.size()));
  return sha256.Hex();
}

absl::StatusOr<std::string> Sha256Of(const InputFile& file, const StopCheck& stop) {
  Sha256 sha256;
  std::vector<char> piece(static_cast<size_t>(std::min<int64_t>(file.size(), 1 << 20)));
  for (int64_t at = 0; at < file.size();) {
    RETURN_IF_ERROR(CheckStop(stop));
    const int64_t bytes = std::min(static_cast<int64_t>(piece.size()), file.size() - at);
    RETURN_IF_ERROR(file.Read(at, piece.data(), bytes));
    sha256.Add(piece.data(), bytes);
    at += bytes;
  }
  return sha256.Hex();
}

}  // namespace recurve
