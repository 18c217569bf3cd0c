// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_FUZZ_MESSAGE_MUTATOR_H_
#define RECURVE_TESTS_FUZZ_MESSAGE_MUTATOR_H_

#include <google/protobuf/message.h>

#include "tests/fuzz/damage.h"

namespace recurve {

// Changes one field of the message or of a message in it: sets it to an interesting value, clears it, or adds, removes
// or swaps elements. Strings need not be UTF-8 afterwards.
void MutateMessage(google::protobuf::Message& message, Random& random);

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_MESSAGE_MUTATOR_H_
