// SPDX-License-Identifier: Apache-2.0
#include "planner_service/access/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "alice's-token-0123456789";

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<KnownCallers> parsed = ParseTokenFile(text, "tokens");
  return parsed.ok() ? "" : std::string(parsed.status().message());
}

TEST(TokenFile, NamesCallersByTokenDigestOrCertificate) {
  const absl::StatusOr<KnownCallers> parsed =
      ParseTokenFile(std::string("# a comment\n\n") + kToken +
                         " alice submit\r\n"
                         "  another-token-0123456789\tbob  admin # of operations\n"
                         "cn:node7.example node7 read\n"
                         "cn:\"Carol Example\" \tcarol read",
                     "tokens");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_NE(parsed->FindToken(kToken), nullptr);
  EXPECT_EQ(*parsed->FindToken(kToken), (Identity{"alice", Role::kSubmit}));
  EXPECT_EQ(*parsed->FindToken("another-token-0123456789"), (Identity{"bob", Role::kAdmin}));
  EXPECT_EQ(parsed->FindToken("another-token-0123456780"), nullptr);
  EXPECT_EQ(parsed->certificates.at("Carol Example"), (Identity{"carol", Role::kRead}));
  EXPECT_EQ(parsed->certificates.at("node7.example"), (Identity{"node7", Role::kRead}));
}

TEST(TokenFile, TheDigestOfATokenIsAsGoodAsTheToken) {
  // printf %s abcdefghijklmnopqrstuvwxyz | sha256sum
  const absl::StatusOr<KnownCallers> parsed =
      ParseTokenFile("sha256:71C480DF93D6AE2F1EFAD1447C66C9525E316218CF51FC8D9ED832F2DAF18B73 alice submit", "tokens");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_NE(parsed->FindToken("abcdefghijklmnopqrstuvwxyz"), nullptr);
  EXPECT_EQ(parsed->FindToken("71C480DF93D6AE2F1EFAD1447C66C9525E316218CF51FC8D9ED832F2DAF18B73"), nullptr);
}

std::string Digits(const std::string& text) {
  std::string digits;
  for (const unsigned char byte : TokenDigestOf(text)) {
    for (const int half : {byte / 16, byte % 16}) digits += "0123456789abcdef"[half];
  }
  return digits;
}

TEST(TokenFile, WhatIsTooShortForATokenAdmitsNobody) {
  EXPECT_THAT(ErrorOf("sha256:" + Digits("") + " alice submit"), HasSubstr("the SHA-256 of nothing"));
  for (const std::string& text : {std::string("\n"), std::string("fifteen-letters"), std::string(513, 'a'),
                                  std::string("sixteen letters!"), std::string("sixteen-letters!\n")}) {
    const absl::StatusOr<KnownCallers> parsed = ParseTokenFile("sha256:" + Digits(text) + " alice submit", "tokens");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->FindToken(text), nullptr) << text;
  }
  const absl::StatusOr<KnownCallers> parsed =
      ParseTokenFile("sha256:" + Digits("sixteen-letters!") + " alice submit", "tokens");
  EXPECT_NE(parsed->FindToken("sixteen-letters!"), nullptr);
  EXPECT_EQ(parsed->FindToken(""), nullptr);
}

TEST(TokenFile, MisspeltPrefixesAndMissingWordsAreRefused) {
  for (const char* prefix : {"CN:", "Cn:", "SHA256:", "sha-256:", "sha256 :", "dns:"}) {
    const std::string problem = ErrorOf(prefix + Digits("sixteen-letters!") + " alice submit");
    EXPECT_THAT(problem, testing::AnyOf(HasSubstr("must begin with sha256: or cn:"), HasSubstr("three words")))
        << prefix;
  }
  for (const char* line :
       {"cn:Olga of operations admin", "cn:Olga of operations olga admin", "cn:\"Olga of operations\" admin",
        "cn:\"Olga\"olga admin", "cn: node7 node7 read", "cn:node7 read", "cn:\"Olga\" olga admin read"}) {
    EXPECT_THAT(ErrorOf(line), AllOf(HasSubstr("CREDENTIAL OWNER ROLE"), HasSubstr("cn:\"NAME\""))) << line;
  }
  EXPECT_THAT(ErrorOf("cn:\"Olga of operations olga admin"), HasSubstr("lacks its closing quote"));
  EXPECT_THAT(ErrorOf("cn:\"\" olga admin"), HasSubstr("must be followed by the name"));
}

TEST(TokenFile, ErrorsNameTheLineAndNeverQuoteIt) {
  const std::string good = std::string(kToken) + " alice submit\n";
  const auto expect = [&](const std::string& line, const std::string& problem) {
    EXPECT_THAT(ErrorOf(good + line),
                AllOf(HasSubstr("tokens, line 2: "), HasSubstr(problem), Not(HasSubstr("hunter"))))
        << line;
  };
  expect("hunter2 bob submit", "16 to 512 printable ASCII characters");
  expect("hunter2-hunter2-h\xc3\xbcnter2 bob submit", "printable ASCII");
  expect("hunter2-hunter2-hunter2", "three words");
  expect("hunter2-hunter2-hunter2 bob", "three words");
  expect("hunter2-hunter2 hunter2 bob submit", "three words");
  expect("bob submit hunter2-hunter2-hunter2", "the role, the third word, must be read, submit or admin");
  expect("hunter2-hunter2-hunter2 bob\x1b submit", "the owner, the second word, must be printable");
  expect("hunter2-hunter2-hunter2 " + std::string(129, 'b') + " submit", "at most 128 bytes");
  expect("sha256:hunter2 bob submit", "64 hexadecimal digits");
  expect("cn: bob submit", "must be followed by the name");
  expect(good, "an earlier line has the same token");
  EXPECT_THAT(ErrorOf("cn:x a read\ncn:x b read"), HasSubstr("line 2: an earlier line has the same certificate"));
  EXPECT_THAT(ErrorOf("# nothing\n"), HasSubstr("names no caller"));
  std::string many;
  for (int i = 0; i < 4097; ++i) many += "cn:" + std::to_string(i) + " a read\n";
  EXPECT_THAT(ErrorOf(many), HasSubstr("at most 4096"));
}

TEST(TokenFile, MustNotBeReadableByOthersIfItContainsTokens) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("tokens", std::string(kToken) + " alice submit\n");
  for (const mode_t mode : {0640, 0604, 0660}) {
    chmod(path.c_str(), mode);
    const absl::StatusOr<KnownCallers> read = ReadTokenFile(path);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(read.status().message()), AllOf(HasSubstr("chmod 600 " + path), Not(HasSubstr(kToken))));
  }
  chmod(path.c_str(), 0600);
  EXPECT_TRUE(ReadTokenFile(path).ok());
  scratch.Write("tokens", "sha256:71c480df93d6ae2f1efad1447c66c9525e316218cf51fc8d9ed832f2daf18b73 alice submit\n");
  chmod(path.c_str(), 0644);
  EXPECT_TRUE(ReadTokenFile(path).ok()) << "it contains no secret";
}

TEST(TokenFile, MustNotBeWritableByOthers) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Write("tokens", "sha256:" + Digits("sixteen-letters!") + " alice submit\n");
  for (const mode_t mode : {0666, 0664, 0646, 0620, 0602}) {
    chmod(path.c_str(), mode);
    const absl::StatusOr<KnownCallers> read = ReadTokenFile(path);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition) << mode;
    EXPECT_THAT(std::string(read.status().message()),
                AllOf(HasSubstr("other users may write"), HasSubstr("chmod 600")));
  }
  chmod(path.c_str(), 0444);
  EXPECT_TRUE(ReadTokenFile(path).ok());
}

TEST(TokenFile, FilesThatCannotBeReadAreNamed) {
  const ScratchDirectory scratch;
  EXPECT_THAT(std::string(ReadTokenFile(scratch.File("missing")).status().message()),
              HasSubstr("missing: No such file"));
  EXPECT_THAT(std::string(ReadTokenFile(scratch.path()).status().message()), HasSubstr("not a regular file"));
  EXPECT_THAT(std::string(ReadTokenFile(scratch.Write("large", std::string((1 << 20) + 1, '#'))).status().message()),
              HasSubstr("more than 1048576 bytes"));
}

}  // namespace
}  // namespace recurve
