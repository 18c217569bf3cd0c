// SPDX-License-Identifier: Apache-2.0
#include "planner_service/tls/tls_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsCredentialsTest : public ::testing::Test {
 protected:
  TlsFiles Write(const PemPair& pair, const std::string& authorities = "") const {
    return {.certificate = scratch_.Write("tls.crt", pair.certificate),
            .key = scratch_.Write("tls.key", pair.key),
            .authorities = authorities.empty() ? "" : scratch_.Write("ca.crt", authorities)};
  }
  static std::string ErrorOf(const TlsFiles& files, TlsRole role = TlsRole::kServer) {
    const absl::StatusOr<TlsCredentials> read = ReadTlsFiles(files, role);
    return read.ok() ? "" : std::string(read.status().message());
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"authority"};
};

TEST_F(TlsCredentialsTest, GoodFilesAreRead) {
  const PemPair pair = authority_.Issue({.seconds_left = 5'000});
  const absl::StatusOr<TlsCredentials> read = ReadTlsFiles(Write(pair, authority_.certificate()), TlsRole::kServer);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->certificate, pair.certificate);
  EXPECT_EQ(read->key, pair.key);
  EXPECT_EQ(read->authorities, authority_.certificate());
  const auto left = read->expiry - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::seconds(4'000));
  EXPECT_LE(left, std::chrono::seconds(5'000));
  EXPECT_EQ(ErrorOf({}), "");
}

TEST_F(TlsCredentialsTest, WhatBelongsTogetherIsGivenTogether) {
  EXPECT_THAT(ErrorOf({.certificate = "c"}), HasSubstr("certificate file c is given without a key file; give both"));
  EXPECT_THAT(ErrorOf({.key = "k"}), HasSubstr("key file k is given without a certificate file"));
  EXPECT_THAT(ErrorOf({.authorities = "a"}), HasSubstr("CA file for clients a is given without a certificate file"));
  EXPECT_THAT(ErrorOf({.certificate = "c", .key = "k"}, TlsRole::kClient), HasSubstr("c is given without a CA file"));
}

TEST_F(TlsCredentialsTest, FilesThatAreNotPemAreNamed) {
  const PemPair pair = authority_.Issue();
  EXPECT_THAT(ErrorOf(Write({"", pair.key})), HasSubstr("tls.crt contains no certificate; must be PEM"));
  EXPECT_THAT(ErrorOf(Write({pair.key, pair.key})), HasSubstr("tls.crt contains no certificate"));
  EXPECT_THAT(ErrorOf(Write({pair.certificate, "garbage"})), HasSubstr("tls.key contains no private key"));
  EXPECT_THAT(ErrorOf(Write(pair, "garbage")), HasSubstr("ca.crt contains no certificate"));
  for (size_t bytes = pair.certificate.size() / 4; bytes < pair.certificate.size() - 1; bytes += 37) {
    EXPECT_THAT(ErrorOf(Write({pair.certificate.substr(0, bytes), pair.key})),
                HasSubstr("tls.crt: certificate 1 is damaged or incomplete"));
    EXPECT_THAT(ErrorOf(Write(pair, authority_.certificate() + pair.certificate.substr(0, bytes))),
                HasSubstr("ca.crt: certificate 2 is damaged or incomplete"));
  }
  TlsFiles files = Write(pair);
  files.key = scratch_.File("missing");
  EXPECT_THAT(ErrorOf(files), AllOf(HasSubstr("cannot read"), HasSubstr("missing: No such file")));
  files.key = scratch_.path();
  EXPECT_THAT(ErrorOf(files), HasSubstr("it is not a regular file"));
  files.key = "/dev/zero";
  EXPECT_THAT(ErrorOf(files), HasSubstr("it is not a regular file"));
}

TEST_F(TlsCredentialsTest, EncryptedKeysAreRefusedWithoutAsking) {
  const PemPair pair = authority_.Issue();
  EXPECT_THAT(ErrorOf(Write({pair.certificate, Encrypted(pair.key)})),
              AllOf(HasSubstr("tls.key is encrypted"), HasSubstr("openssl pkey -in")));
}

TEST_F(TlsCredentialsTest, AKeyMustFitItsCertificate) {
  EXPECT_THAT(ErrorOf(Write({authority_.Issue().certificate, authority_.Issue().key})),
              AllOf(HasSubstr("tls.key does not belong to the certificate in"), HasSubstr("tls.crt")));
}

TEST_F(TlsCredentialsTest, CertificatesMustBeValidNow) {
  EXPECT_THAT(ErrorOf(Write(authority_.Issue({.seconds_left = -60}))),
              AllOf(HasSubstr("tls.crt: certificate 1 expired on 20"), HasSubstr("UTC; renew it")));
  EXPECT_THAT(ErrorOf(Write(authority_.Issue({.seconds_old = -600}))),
              AllOf(HasSubstr("certificate 1 is not valid before 20"), HasSubstr("clock")));
  // A bundle may contain old authorities, but not only such.
  const std::string old = authority_.Issue({.seconds_left = -60}).certificate;
  EXPECT_EQ(ErrorOf(Write(authority_.Issue(), old + authority_.certificate())), "");
  EXPECT_THAT(ErrorOf(Write(authority_.Issue(), old)), HasSubstr("ca.crt: certificate 1 expired"));
}

TEST_F(TlsCredentialsTest, AChainIsInOrder) {
  const TestAuthority below = authority_.Intermediate("below");
  const PemPair pair = below.Issue();
  EXPECT_EQ(ErrorOf(Write({pair.certificate + below.certificate() + authority_.certificate(), pair.key})), "");
  EXPECT_THAT(ErrorOf(Write({pair.certificate + authority_.certificate() + below.certificate(), pair.key})),
              AllOf(HasSubstr("certificate 2 did not sign certificate 1"), HasSubstr("owner's certificate first")));
  EXPECT_THAT(ErrorOf(Write({below.certificate() + pair.certificate, pair.key})), HasSubstr("does not belong"));
  // Of the same name, but with another key.
  EXPECT_THAT(ErrorOf(Write({pair.certificate + authority_.Intermediate("below").certificate(), pair.key})),
              HasSubstr("did not sign"));
}

TEST_F(TlsCredentialsTest, ACertificateMustBeMeantForItsRole) {
  const PemPair client = authority_.Issue({.usage = "clientAuth"});
  const PemPair server = authority_.Issue({.usage = "serverAuth"});
  EXPECT_THAT(ErrorOf(Write(client)), AllOf(HasSubstr("not meant for a server"), HasSubstr("server auth")));
  EXPECT_EQ(ErrorOf(Write(server)), "");
  EXPECT_EQ(ErrorOf(Write(client, authority_.certificate()), TlsRole::kClient), "");
  EXPECT_THAT(ErrorOf(Write(server, authority_.certificate()), TlsRole::kClient), HasSubstr("client auth"));
}

}  // namespace
}  // namespace recurve
