// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_OWNER_FOLDER_H_
#define RECURVE_EXECUTOR_TRANSFERS_OWNER_FOLDER_H_

#include <string>

namespace recurve {

// The name of a folder for the files of an owner: the owner's own name where that is a plain one. Other characters than
// letters, digits, '-', '_', '@' and inner '.' become %XX; a name that would be too long for a folder becomes
// "%sha256-" and its SHA-256. Different owners have different folders.
std::string OwnerFolder(const std::string& owner);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_OWNER_FOLDER_H_
