// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace recurve::cuda {
namespace {

using ::testing::HasSubstr;

TEST(CudaStatus, SuccessIsOk) {
  EXPECT_TRUE(ToStatus(cudaSuccess, "copy").ok());
  EXPECT_TRUE(ToStatus(CUBLAS_STATUS_SUCCESS, "product").ok());
}

TEST(CudaStatus, TellsWhoCanHelp) {
  const struct {
    cudaError_t error;
    absl::StatusCode code;
  } cases[] = {
      {cudaErrorMemoryAllocation, absl::StatusCode::kResourceExhausted},
      {cudaErrorInsufficientDriver, absl::StatusCode::kFailedPrecondition},
      {cudaErrorNoDevice, absl::StatusCode::kFailedPrecondition},
      {cudaErrorNoKernelImageForDevice, absl::StatusCode::kFailedPrecondition},
      {cudaErrorDevicesUnavailable, absl::StatusCode::kUnavailable},
      {cudaErrorECCUncorrectable, absl::StatusCode::kUnavailable},
      {cudaErrorIllegalAddress, absl::StatusCode::kInternal},
      {cudaErrorLaunchFailure, absl::StatusCode::kInternal},
  };
  for (const auto& [error, code] : cases) {
    const absl::Status status = ToStatus(error, "copy");
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("CUDA, copy: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(cudaGetErrorName(error)));
  }
  EXPECT_EQ(ToStatus(CUBLAS_STATUS_ALLOC_FAILED, "start").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ToStatus(CUBLAS_STATUS_ARCH_MISMATCH, "start").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(ToStatus(CUBLAS_STATUS_EXECUTION_FAILED, "product").message()),
              HasSubstr("cuBLAS, product: "));
}

// A device that a failure has made unusable: every call says so until the process ends.
TEST(CudaStatus, ALostDeviceIsSaidToBeLost) {
  for (const cudaError_t error : {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorECCUncorrectable}) {
    EXPECT_THAT(std::string(ToStatus(error, "synchronize").message()), HasSubstr("restart the program")) << error;
  }
  EXPECT_THAT(std::string(ToStatus(cudaErrorMemoryAllocation, "x").message()), Not(HasSubstr("restart the program")));
}

}  // namespace
}  // namespace recurve::cuda
