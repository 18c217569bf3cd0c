// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_status.h"

#include "absl/strings/str_cat.h"

namespace recurve::cuda {
namespace {

absl::StatusCode CodeOf(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return absl::StatusCode::kResourceExhausted;
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return absl::StatusCode::kFailedPrecondition;
    case cudaErrorDevicesUnavailable:
    case cudaErrorDeviceNotLicensed:
    case cudaErrorInitializationError:
    case cudaErrorSystemNotReady:
    case cudaErrorECCUncorrectable:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

// Whether all later calls fail too, because the process has lost the device's context.
bool IsLasting(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
      return true;
    default:
      return false;
  }
}

absl::StatusCode CodeOf(cublasStatus_t error) {
  switch (error) {
    case CUBLAS_STATUS_ALLOC_FAILED:
      return absl::StatusCode::kResourceExhausted;
    case CUBLAS_STATUS_ARCH_MISMATCH:
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status ToStatus(cudaError_t error, std::string_view what) {
  if (error == cudaSuccess) return absl::OkStatus();
  return {CodeOf(error),
          absl::StrCat("CUDA, ", std::string(what), ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")",
                       IsLasting(error) ? "; GPUs are now unavailable to this process: restart the program" : "")};
}

absl::Status ToStatus(cublasStatus_t error, std::string_view what) {
  if (error == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  return {CodeOf(error), absl::StrCat("cuBLAS, ", std::string(what), ": ", cublasGetStatusString(error), " (",
                                      cublasGetStatusName(error), ")")};
}

}  // namespace recurve::cuda
