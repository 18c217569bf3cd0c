// SPDX-License-Identifier: Apache-2.0
#include "planner_service/tls/certificates.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

std::string NameOf(const CertificateWish& wish) {
  const auto certificates = ParseCertificates(TestAuthority("authority").Issue(wish).certificate, "file");
  return NameIn(*certificates->front());
}

TEST(CertificatesTest, TheNameIsTheCommonName) {
  EXPECT_EQ(NameOf({.names = "DNS:other", .common_name = "alice"}), "alice");
  EXPECT_EQ(NameOf({.names = "DNS:other", .common_name = "Zoë, Ltd."}), "Zoë, Ltd.");
}

TEST(CertificatesTest, WithoutACommonNameItIsTheFirstAlternativeName) {
  const auto name_of = [](const std::string& names) { return NameOf({.names = names, .common_name = ""}); };
  EXPECT_EQ(name_of("DNS:node7,DNS:other"), "node7");
  EXPECT_EQ(name_of("email:alice@example.org,DNS:node7"), "alice@example.org");
  EXPECT_EQ(name_of("URI:spiffe://example.org/alice"), "spiffe://example.org/alice");
  EXPECT_EQ(name_of("IP:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(name_of("IP:2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(name_of("RID:1.2.3.4,DNS:node7"), "node7");
  EXPECT_EQ(name_of("RID:1.2.3.4"), "");
}

}  // namespace
}  // namespace recurve
