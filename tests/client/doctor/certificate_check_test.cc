// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "client/doctor/daemon_checks.h"
#include "tests/client/doctor/finding_matchers.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kDay = 24 * 60 * 60;

class CertificateCheckTest : public testing::Test {
 protected:
  // The files of a new pair.
  TlsFiles Pair(const CertificateWish& wish, const std::string& name = "tls") const {
    const PemPair pair = authority_.Issue(wish);
    const TlsFiles files = {.certificate = scratch_.Write(name + ".crt", pair.certificate),
                            .key = scratch_.Write(name + ".key", pair.key)};
    chmod(files.key.c_str(), 0600);
    return files;
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"CA of the test"};
  const std::string ca_ = scratch_.Write("ca.crt", authority_.certificate());
};

TEST_F(CertificateCheckTest, WithoutFilesThereIsNothingToCheck) { EXPECT_THAT(CheckTls({}, {}), IsEmpty()); }

TEST_F(CertificateCheckTest, ValidFilesAreOk) {
  const TlsFiles daemon = Pair({.seconds_left = 90 * kDay + 60});
  TlsFiles client = Pair({.seconds_left = 60 * kDay + 60, .usage = "clientAuth"}, "client");
  client.authorities = ca_;
  EXPECT_THAT(CheckTls(daemon, client),
              ElementsAre(Ok(AllOf(HasSubstr(daemon.certificate + " fits its key"), HasSubstr("90 days"))),
                          Ok(AllOf(HasSubstr(client.certificate + " fits its key"), HasSubstr("60 days"))),
                          testing::Field(&Finding::found, HasSubstr(ca_ + " is valid"))));
}

TEST_F(CertificateCheckTest, TheEndIsAnnounced) {
  EXPECT_THAT(CheckTls(Pair({.seconds_left = 13 * kDay}), {}),
              ElementsAre(Warning(HasSubstr("12 days"), HasSubstr("renew it"))));
  EXPECT_THAT(CheckTls(Pair({.seconds_left = -60}), {}),
              ElementsAre(Failure(HasSubstr("expired on"), HasSubstr("renew it"))));
  EXPECT_THAT(CheckTls(Pair({.seconds_old = -kDay}), {}),
              ElementsAre(Failure(HasSubstr("not valid before"), HasSubstr("clock"))));
}

TEST_F(CertificateCheckTest, FilesThatDoNotBelongTogetherFail) {
  const TlsFiles daemon = Pair({.seconds_left = 90 * kDay});
  const TlsFiles other = Pair({}, "other");
  EXPECT_THAT(CheckTls({.certificate = daemon.certificate, .key = other.key}, {}),
              ElementsAre(Failure(HasSubstr("does not belong to the certificate"), HasSubstr("key"))));
  TlsFiles client = Pair({.usage = "serverAuth"}, "client");
  client.authorities = ca_;
  EXPECT_THAT(CheckTls({}, client),
              ElementsAre(Failure(HasSubstr("not meant for a client"), HasSubstr("client auth")), testing::_));
  const std::string stranger = scratch_.Write("stranger.crt", TestAuthority("another CA").certificate());
  EXPECT_THAT(CheckTls(daemon, {.authorities = stranger}),
              ElementsAre(Ok(HasSubstr("fits its key")), testing::_,
                          Failure("no CA in " + stranger + " signed the certificate of the daemon", HasSubstr("CA"))));
}

TEST_F(CertificateCheckTest, FilesThatCannotBeReadFail) {
  const std::string missing = scratch_.File("missing");
  const std::string text = scratch_.Write("text", "not PEM");
  const TlsFiles daemon = Pair({});
  EXPECT_THAT(CheckTls({.certificate = missing, .key = daemon.key}, {}),
              ElementsAre(Failure(HasSubstr(missing), HasSubstr("a file that this user may read"))));
  EXPECT_THAT(CheckTls({.certificate = daemon.certificate, .key = text}, {}),
              ElementsAre(Failure(HasSubstr(text), HasSubstr("PEM")), Warning(HasSubstr(text), "chmod o= " + text)));
  EXPECT_THAT(CheckTls({}, {.authorities = text}), ElementsAre(Failure(HasSubstr(text), HasSubstr("PEM"))));
}

TEST_F(CertificateCheckTest, AKeyForEverybodyIsAWarning) {
  const TlsFiles daemon = Pair({.seconds_left = 90 * kDay});
  chmod(daemon.key.c_str(), 0640);
  EXPECT_THAT(CheckTls(daemon, {}), ElementsAre(Ok(HasSubstr("fits its key"))));
  chmod(daemon.key.c_str(), 0644);
  EXPECT_THAT(CheckTls(daemon, {}), ElementsAre(Ok(HasSubstr("fits its key")),
                                                Warning(HasSubstr("open to every user"), "chmod o= " + daemon.key)));
}

}  // namespace
}  // namespace recurve
