// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/field_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "planner_service/codec/advice_codec.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/optimizer_spec.h"
#include "planner_service/planning/chain.h"
#include "planner_service/verification/schedule_verifier.h"
#include "recurve/model/v1/model.pb.h"
#include "recurve/planner/v1/advisor.pb.h"
#include "recurve/planner/v1/chain.pb.h"
#include "recurve/planner/v1/planner.pb.h"
#include "recurve/planner/v1/schedule_service.pb.h"
#include "tests/planner_service/codec/described_message.h"

namespace recurve {
namespace {

TEST(FieldCodec, DescriptionsFitTheirMessages) {
  namespace v1 = planner::v1;
  ExpectDescribes<ModelConfig>(*model::v1::RecurrentModel::descriptor());
  ExpectDescribes<OptimizerSpec>(*model::v1::OptimizerSpec::descriptor());
  ExpectDescribes<PlanRequest>(*v1::MakePlanRequest::descriptor());
  ExpectDescribes<Plan>(*v1::MakePlanResponse::descriptor(), {"schedule"});
  ExpectDescribes<AdviseQuestion>(*v1::AdviseRequest::descriptor());
  ExpectDescribes<BudgetQuestion>(*v1::FindBudgetRequest::descriptor());
  ExpectDescribes<CurvesQuestion>(*v1::MakeCurvesRequest::descriptor(), {"strategies"});
  ExpectDescribes<LargestQuestion>(*v1::FindLargestRequest::descriptor());
  ExpectDescribes<LengthsQuestion>(*v1::PlanLengthsRequest::descriptor(), {"lengths"});
  ExpectDescribes<SplitQuestion>(*v1::SplitBudgetRequest::descriptor());
  ExpectDescribes<Advice>(*v1::Advice::descriptor(), {}, /*always_set=*/true);
  ExpectDescribes<Curve>(*v1::Curve::descriptor(), {}, /*always_set=*/true);
  ExpectDescribes<ChainRequest>(*v1::PlanChainRequest::descriptor());
  ExpectDescribes<ChainPlan>(*v1::PlanChainResponse::descriptor(), {"schedule"});
  ExpectDescribes<TwoLevelRequest>(*v1::PlanTwoLevelRequest::descriptor());
  ExpectDescribes<TwoLevelPlan>(*v1::PlanTwoLevelResponse::descriptor(), {"schedule"});
  ExpectDescribes<VerificationTask>(*v1::VerificationTask::descriptor());
  ExpectDescribes<Verdict>(*v1::VerifyScheduleResponse::descriptor(), {"valid"});
}

TEST(FieldCodec, KeepsTheDefaultsOfWhatIsUnset) {
  const absl::StatusOr<OptimizerSpec> spec = DecodeFields<OptimizerSpec>(model::v1::OptimizerSpec());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->learning_rate, OptimizerSpec().learning_rate);
  EXPECT_EQ(spec->warmup_steps, OptimizerSpec().warmup_steps);
  EXPECT_EQ(*DecodeFields<ModelConfig>(model::v1::RecurrentModel()), ModelConfig());
}

TEST(FieldCodec, SetsEveryField) {
  model::v1::RecurrentModel message;
  EncodeFields(ModelConfig{.cell = Cell::kGruResetBefore, .hidden = 64, .dropout = 0.5}, message);
  EXPECT_EQ(message.cell(), model::v1::CELL_GRU_RESET_BEFORE);
  EXPECT_TRUE(message.has_layers());
  EXPECT_EQ(message.hidden(), 64);
  EXPECT_EQ(message.dropout(), 0.5);
  EXPECT_EQ(DecodeFields<ModelConfig>(message)->cell, Cell::kGruResetBefore);
}

TEST(FieldCodec, ATapedForwardThatIsUnsetCostsWhatAnyForwardDoes) {
  planner::v1::LinkCosts message;
  message.set_forward_seconds(2);
  EXPECT_EQ(DecodeFields<LinkCosts>(message)->taped_forward_seconds, 2);
  message.set_taped_forward_seconds(0);
  EXPECT_EQ(DecodeFields<LinkCosts>(message)->taped_forward_seconds, 0);
}

TEST(FieldCodec, NamesWhatIsWrong) {
  model::v1::RecurrentModel message;
  const auto says = [&message] {
    const absl::Status status = DecodeFields<ModelConfig>(message, "workload.model.").status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  message.set_cell(static_cast<model::v1::Cell>(9));
  EXPECT_EQ(says(),
            "workload.model.cell is 9; must be CELL_LSTM, CELL_GRU, CELL_GRU_RESET_BEFORE, CELL_TANH, CELL_RELU or "
            "CELL_SLSTM");
  message.clear_cell();
  message.set_layers(0);
  EXPECT_EQ(says(), "workload.model.layers is 0; must be 1 to 64");
  message.clear_layers();
  message.set_dropout(1);
  EXPECT_EQ(says(), "workload.model.dropout is 100%; must be at least 0% and below 100%");
}

TEST(FieldCodecDeathTest, ADescriptionThatDoesNotFitEndsTheProcess) {
  planner::v1::ByteBudget message;
  EXPECT_DEATH(EncodeFields(SlotBudget(), message), "recurve.planner.v1.ByteBudget.slots is described");
}

}  // namespace
}  // namespace recurve
