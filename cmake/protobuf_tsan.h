// SPDX-License-Identifier: Apache-2.0
//
// Included first in every file that sees protobuf in a build with ThreadSanitizer. With it, map_field.h gives map
// fields two more members, which Debian's library, built without it, does not know: messages with a map would be
// corrupted.
#include <cstddef>  // so that the standard library still sees the sanitizer
#undef __SANITIZE_THREAD__
#include <google/protobuf/map_field.h>
#define __SANITIZE_THREAD__ 1
