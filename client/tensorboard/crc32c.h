// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_TENSORBOARD_CRC32C_H_
#define RECURVE_CLIENT_TENSORBOARD_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace recurve {

// The cyclic redundancy check of iSCSI (RFC 3720, appendix B.4).
uint32_t Crc32c(std::string_view bytes);

// The same, rotated and shifted as TFRecord files store it, so that checks of data that contains checks stay useful.
uint32_t MaskedCrc32c(std::string_view bytes);

}  // namespace recurve

#endif  // RECURVE_CLIENT_TENSORBOARD_CRC32C_H_
