// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/text_format.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "executor/data/sha256.h"
#include "recurve/executor/v1/executor.grpc.pb.h"
#include "recurve/planner/v1/advisor.grpc.pb.h"
#include "recurve/planner/v1/chain.grpc.pb.h"
#include "recurve/planner/v1/planner.grpc.pb.h"
#include "recurve/planner/v1/schedule_service.grpc.pb.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/rpc_fuzzer.h"

namespace recurve {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Scripts for the methods of some services.
class Scripts {
 public:
  Scripts(const std::filesystem::path& folder, RpcMethods methods) : corpus_(folder), methods_(std::move(methods)) {
    for (const MethodDescriptor* method : methods_) Add({{method->name(), {""}}});
  }

  // A call has the name of its method and its requests as text.
  struct Call {
    std::string method;
    std::initializer_list<std::string> requests;
    uint32_t responses = 0;
  };
  void Add(std::initializer_list<Call> calls) {
    fuzz::RpcScript script;
    for (const Call& call : calls) AddCall(call, script);
    corpus_.Add(script.SerializeAsString());
  }

 private:
  void AddCall(const Call& call, fuzz::RpcScript& script) {
    const MethodDescriptor* method = nullptr;
    for (const MethodDescriptor* each : methods_) {
      if (each->name() == call.method) method = each;
    }
    FuzzCheck(method != nullptr, call.method.c_str());
    fuzz::RpcCall& added = *script.add_calls();
    added.set_method(method->full_name());
    added.set_responses(call.responses);
    for (const std::string& text : call.requests) {
      const std::unique_ptr<Message> request(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->input_type())->New());
      FuzzCheck(google::protobuf::TextFormat::ParseFromString(text, request.get()), text.c_str());
      added.add_requests(request->SerializeAsString());
    }
  }

  Corpus corpus_;
  const RpcMethods methods_;
};

void AddPlannerScripts(Scripts& scripts) {
  const std::string plan = "length: 30 bytes { state_bytes: 1 tape_bytes: 2 budget_bytes: 12 }";
  const std::string costs = "costs { forward_seconds: 1 taped_forward_seconds: 1.1 backward_seconds: 2 }";
  const std::string model =
      "workload { model { model { hidden: 8 } optimizer: OPTIMIZER_ADAMW batch: 2 length: 100 } } ";
  const std::string chain =
      "workload { chain { length: 50 state_bytes: 8 tape_bytes: 32 fixed_bytes: 100 " + costs + " } } ";
  const std::string segment =
      "segments { links: 5 state_bytes: 2 tape_bytes: 4 forward_cost: 1 taped_forward_cost: 1 backward_cost: 2 } ";
  scripts.Add({{"MakePlan", {plan}}, {"MakePlan", {plan + costs}}, {"StreamSchedule", {"plan {" + plan + "}"}}});
  scripts.Add({{"MakePlan", {"length: 40 strategy: STRATEGY_ISM slots { slots: 5 alpha: 3 }"}}});
  scripts.Add({{"StreamSchedule", {"first_action: 7 plan {" + plan + "}"}, 1}});
  scripts.Add({{"VerifySchedule",
                {"task { length: 1 state_bytes: 1 tape_bytes: 2 budget_bytes: 100 }",
                 "actions { kinds: ACTION_KIND_FORWARD stores: STATE_STORE_DEVICE begins: 0 ends: 1 }"}}});
  for (const std::string& workload : {model, chain}) {
    scripts.Add({{"Advise", {workload + "budget_bytes: 100000"}}, {"FindBudget", {workload + "max_slowdown: 1.5"}}});
    scripts.Add({{"MakeCurves", {workload + "max_points: 10"}}});
    scripts.Add({{"FindLargest", {workload + "dimension: DIMENSION_LENGTH budget_bytes: 200000"}}});
    scripts.Add({{"PlanLengths", {workload + "lengths: [10, 20] budget_bytes: 100000"}}});
    std::string workloads = workload + workload;
    for (size_t at = 0; (at = workloads.find("workload {", at)) != std::string::npos; at += 11) {
      workloads.replace(at, 8, "workloads");
    }
    scripts.Add({{"SplitBudget", {workloads + "total_bytes: 200000"}}});
  }
  scripts.Add({{"PlanChain", {segment + segment + "final_state_bytes: 2 budget_bytes: 60 max_corners: 5"}}});
  scripts.Add({{"PlanTwoLevel",
                {"length: 20 state_bytes: 1 tape_bytes: 2 forward_cost: 10 taped_forward_cost: 11 backward_cost: 20 "
                 "device { bytes: 10 } host { bytes: 100 write_cost: 1 read_cost: 1 }"}}});
}

void AddExecutorScripts(Scripts& scripts) {
  const std::string spec =
      "spec { language_model { data_path: 'text' model { hidden: 4 } } batch: 2 length: 16 link: 2 activation_share: "
      "0.5 "
      "threads: 1 ";
  const std::string short_job = spec +
                                "steps: 2 save_path: 'model' checkpoint_every: 1 evaluate_every: 1 } "
                                "labels { key: 'a' value: 'b' } owner: 'me'";
  const std::string long_job = spec + "steps: 1000000 } request_id: 'once'";
  const std::string id = "id: '$0'";
  scripts.Add({{"CreateJob", {short_job}},
               {"WatchJob", {id}},
               {"GetJob", {id}},
               {"ListCheckpoints", {id}},
               {"DownloadModel", {id}},
               {"GetJobLog", {id}},
               {"DeleteJob", {id + " delete_files: true"}}});
  scripts.Add({{"CreateJob", {long_job}},
               {"CreateJob", {long_job}},
               {"WatchJob", {id}, 3},
               {"PauseJob", {id}},
               {"ResumeJob", {id}},
               {"ChangeJobMemory", {id + " activation_share: 0.9"}},
               {"SetPriority", {id + " priority: 7"}},
               {"CancelJob", {id}},
               {"RetryJob", {id}}});
  scripts.Add({{"CreateJob", {spec + "steps: 1 } display_name: 'x'"}}, {"ListJobs", {"page_size: 1 owner: 'me'"}}});
  scripts.Add({{"GetDevices", {""}}, {"ListJobs", {"states: JOB_STATE_RUNNING newest_first: true"}}});
  const std::string data = "some text to train on";
  const std::string file = "file { name: 'data' size_bytes: 21 sha256: '" + Sha256Of(data) + "' } ";
  scripts.Add({{"UploadData", {file, "data: 'some text '"}},
               {"GetUpload", {file}},
               {"UploadData", {file, "data: 'some text '", "data: 'to train on'"}}});
  scripts.Add({{"UploadModel", {file + "data: '" + data + "'"}}});
}

}  // namespace

void MakeRpcCorpora(const std::filesystem::path& folder) {
  Scripts planner(
      folder / "planner_rpc",
      MethodsOf({planner::v1::PlannerService::service_full_name(), planner::v1::AdvisorService::service_full_name(),
                 planner::v1::ChainService::service_full_name(), planner::v1::ScheduleService::service_full_name()}));
  AddPlannerScripts(planner);
  Scripts executor(folder / "executor_rpc", MethodsOf({executor::v1::ExecutorService::service_full_name()}));
  AddExecutorScripts(executor);
}

}  // namespace recurve
