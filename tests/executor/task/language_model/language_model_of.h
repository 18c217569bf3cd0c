// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OF_H_
#define RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OF_H_

#include "executor/job/job_spec.h"
#include "executor/task/language_model/language_model_options.h"

namespace recurve {

// The options of a job that trains a language model.
inline LanguageModelOptions& LanguageModelOf(JobSpec& spec) { return spec.task.As<LanguageModelOptions>(); }
inline const LanguageModelOptions& LanguageModelOf(const JobSpec& spec) { return spec.task.As<LanguageModelOptions>(); }

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TASK_LANGUAGE_MODEL_LANGUAGE_MODEL_OF_H_
