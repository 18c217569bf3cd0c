// SPDX-License-Identifier: Apache-2.0
//
// Where plans come from: a planner service that answers, one that cannot be reached, and ones that lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/codec/job_codec.h"
#include "executor/job/link_sizing.h"
#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/executor/data/scratch_directory.h"
#include "tests/planner_service/client/spoiling_planner.h"
#include "tests/planner_service/grpc_server/probes.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using executor::v1::Job;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PlannerSourceTest : public testing::Test {
 protected:
  // In so little memory on the device that nothing can be stored there.
  executor::v1::JobSpec TinyOffload() {
    executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
    spec.set_link(1);
    spec.set_host_memory_bytes(1 << 20);
    const auto backend = MakeCpuBackend({.threads = 1}).value();
    spec.set_memory_bytes(SizeLink(DecodeJobSpec(spec).value(), 1, *backend).fixed.total());
    return spec;
  }
  Job RunWith(const std::string& target) { return RunWith(target, TinySpec(folder_.text(), 2)); }
  Job RunWith(const std::string& target, const executor::v1::JobSpec& spec) {
    ExecutorDaemonOptions options;
    options.planner_target = target;
    options.planner_timeout = std::chrono::seconds(20);
    daemon_ = StartDaemon(std::move(options));
    DaemonClient client(daemon_->port());
    const std::string id = client.Submit(spec).id();
    events_ = client.EventsToTheEnd(id);
    return client.Get(id);
  }
  double Metric(const std::string& name) { return Sample(HttpGet(daemon_->metrics_port(), "/metrics"), name); }
  double Fallbacks(const std::string& reason) {
    return Metric("recurve_executor_planner_fallbacks_total{reason=\"" + reason + "\"}");
  }
  double PlansFrom(const std::string& source) {
    return Metric("recurve_executor_plans_total{source=\"" + source + "\"}");
  }
  TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::vector<executor::v1::JobEvent> events_;
};

TEST_F(PlannerSourceTest, TheServiceIsAskedFirst) {
  const SpoilingPlanner planner;
  const Job job = RunWith(planner.target());
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_THAT(Notes(events_), IsEmpty());
  EXPECT_GE(planner.plan_calls(), 1);
  EXPECT_EQ(PlansFrom("remote"), 1);
  EXPECT_EQ(PlansFrom("embedded"), 0);
  const std::string digest = job.result().weights_sha256();
  EXPECT_EQ(RunWith("").result().weights_sha256(), digest) << "the embedded planner gives the same training";
}

TEST_F(PlannerSourceTest, TheServiceIsAskedForPlansWithStatesOnTheHost) {
  SpoilingPlanner planner;
  const executor::v1::JobSpec spec = TinyOffload();
  const Job job = RunWith(planner.target(), spec);
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_REMOTE);
  EXPECT_THAT(Notes(events_), IsEmpty());
  EXPECT_EQ(planner.two_level_calls(), 1);
  EXPECT_GT(job.plan().host_bytes(), 0);
  EXPECT_EQ(job.progress().measured_host_peak_bytes(), job.plan().host_bytes());
  EXPECT_EQ(job.result().planned_host_peak_bytes(), job.plan().host_bytes());
  EXPECT_EQ(job.result().measured_host_peak_bytes(), job.plan().host_bytes());

  planner.SpoilBy({.two_level = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many plans");
  }});
  const Job embedded = RunWith(planner.target(), spec);
  EXPECT_THAT(Notes(events_), ElementsAre(HasSubstr("RESOURCE_EXHAUSTED")));
  EXPECT_EQ(embedded.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_GT(embedded.plan().host_bytes(), 0);
  EXPECT_EQ(embedded.result().weights_sha256(), job.result().weights_sha256());
}

// The server checks the client's certificate, too.
std::shared_ptr<grpc::ServerCredentials> MutualTls(const TestAuthority& authority) {
  const PemPair own = authority.Issue();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authority.certificate();
  options.pem_key_cert_pairs = {{.private_key = own.key, .cert_chain = own.certificate}};
  return grpc::SslServerCredentials(options);
}

TEST_F(PlannerSourceTest, TheServiceIsAskedThroughTlsWithTheCertificateOfTheDay) {
  const ScratchDirectory scratch;
  const auto write = [&scratch](const TestAuthority& authority) {
    const PemPair own = authority.Issue();
    return TlsFiles{.certificate = scratch.Write("tls.crt", own.certificate),
                    .key = scratch.Write("tls.key", own.key),
                    .authorities = scratch.Write("ca.crt", authority.certificate())};
  };
  const TestAuthority authority("authority");
  auto planner = std::make_unique<SpoilingPlanner>(Spoil(), MutualTls(authority));
  ExecutorDaemonOptions options;
  options.planner_target = planner->target();
  options.planner_timeout = std::chrono::seconds(20);
  EXPECT_EQ(RunWith(planner->target()).plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_THAT(Notes(events_), ElementsAre(HasSubstr("the server accepts only TLS")));

  options.planner_tls = write(authority);
  daemon_ = StartDaemon(std::move(options));
  DaemonClient client(daemon_->port());
  const auto run = [&] { return client.WaitForEnd(client.Submit(TinySpec(folder_.text(), 2)).id()); };
  EXPECT_EQ(run().plan().source(), executor::v1::PLAN_SOURCE_REMOTE);

  // Both sides change to another authority. The planner keeps its port.
  const TestAuthority next("next authority");
  const std::string target = planner->target();
  planner.reset();
  const SpoilingPlanner renewed(Spoil(), MutualTls(next), target);
  write(next);
  while (run().plan().source() != executor::v1::PLAN_SOURCE_REMOTE) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

TEST_F(PlannerSourceTest, NobodyListens) {
  const Job job = RunWith("127.0.0.1:1");
  ASSERT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
  EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_THAT(Notes(events_), ElementsAre(testing::AllOf(HasSubstr("planned by the embedded planner because"),
                                                         HasSubstr("127.0.0.1:1"))));
  EXPECT_EQ(PlansFrom("remote"), 0);
  EXPECT_EQ(PlansFrom("embedded"), 1);
}

TEST_F(PlannerSourceTest, AServiceThatSleepsIsWaitedForOnce) {
  const SpoilingPlanner planner({.plan = [](const auto&, auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return grpc::Status::OK;
  }});
  ExecutorDaemonOptions options;
  options.planner_target = planner.target();
  options.planner_timeout = std::chrono::milliseconds(50);
  daemon_ = StartDaemon(std::move(options));
  DaemonClient client(daemon_->port());
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
  spec.set_link(0);  // several cuts of the sequence are planned
  const std::string id = client.Submit(spec).id();
  EXPECT_THAT(Notes(client.EventsToTheEnd(id)), ElementsAre(HasSubstr("DEADLINE_EXCEEDED")));
  EXPECT_EQ(client.Get(id).plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
  EXPECT_EQ(planner.plan_calls(), 1);
}

TEST_F(PlannerSourceTest, AJobCanBeCancelledWhileTheServiceSleeps) {
  std::atomic<bool> asked{false};
  const SpoilingPlanner planner({.plan = [&](const auto&, auto&) {
    asked = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return grpc::Status::OK;
  }});
  ExecutorDaemonOptions options;
  options.planner_target = planner.target();
  daemon_ = StartDaemon(std::move(options));
  DaemonClient client(daemon_->port());
  const std::string id = client.Submit(EndlessSpec(folder_.text())).id();
  while (!asked) std::this_thread::yield();
  client.Cancel(id);
  EXPECT_EQ(client.WaitForEnd(id).state(), executor::v1::JOB_STATE_CANCELLED);
}

// Whatever the planner does: the job trains by the daemon's own plan, and an event and a metric say so.
TEST_F(PlannerSourceTest, NoLieAndNoErrorFailsAJob) {
  SpoilingPlanner planner;
  const Job honest = RunWith(planner.target());
  ASSERT_EQ(honest.state(), executor::v1::JOB_STATE_SUCCEEDED) << honest.reason();
  DaemonClient client(daemon_->port());
  std::map<std::string, int> fallbacks;
  const auto run = [&](const Lie& lie, const executor::v1::JobSpec& spec) {
    SCOPED_TRACE(lie.name);
    planner.SpoilBy(lie.spoil);
    const std::string id = client.Submit(spec).id();
    const std::vector<executor::v1::JobEvent> events = client.EventsToTheEnd(id);
    const Job job = client.Get(id);
    EXPECT_EQ(job.state(), executor::v1::JOB_STATE_SUCCEEDED) << job.reason();
    EXPECT_EQ(job.plan().source(), executor::v1::PLAN_SOURCE_EMBEDDED);
    EXPECT_THAT(Notes(events), ElementsAre(testing::AllOf(HasSubstr("planned by the embedded planner because"),
                                                          HasSubstr(planner.target()))));
    const std::string reason(ToString(lie.reason));
    EXPECT_EQ(Fallbacks(reason), ++fallbacks[reason]);
    return job;
  };
  for (const Lie& lie : Lies()) {
    const Job job = run(lie, TinySpec(folder_.text(), 2));
    EXPECT_EQ(job.plan().forward_count_per_batch(), honest.plan().forward_count_per_batch()) << lie.name;
    EXPECT_EQ(job.result().weights_sha256(), honest.result().weights_sha256()) << lie.name;
  }
  const std::vector<Lie> two_level = TwoLevelLies();
  for (const Lie& lie : {two_level.front(), two_level.back()}) run(lie, TinyOffload());
  EXPECT_EQ(PlansFrom("remote"), 1);
  EXPECT_EQ(PlansFrom("embedded"), Lies().size() + 2);
}

// The message names what would do, which only a planner that can be believed knows.
TEST_F(PlannerSourceTest, ALieAboutTheSmallestBudgetDoesNotReachTheUser) {
  executor::v1::JobSpec spec = TinySpec(folder_.text(), 2);
  spec.set_strategy(planner::v1::STRATEGY_CHEN);
  spec.set_activation_share(0.01);
  const Job honest = RunWith("", spec);
  EXPECT_EQ(honest.state(), executor::v1::JOB_STATE_FAILED);
  const SpoilingPlanner planner({.plan = [](const auto&, auto& plan) {
    plan.set_smallest_feasible_budget(plan.smallest_feasible_budget() + 12345);
    return grpc::Status::OK;
  }});
  EXPECT_EQ(RunWith(planner.target(), spec).reason(), honest.reason());
  EXPECT_EQ(Fallbacks("broken"), 1);
}

}  // namespace
}  // namespace recurve
