// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SERVICE_OPTION_H_
#define RECURVE_CLIENT_CLI_SERVICE_OPTION_H_

#include <string>

#include "client/cli/option_values.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// A service, and how to encrypt the connection to it.
struct ServiceOption {
  std::string target;  // empty: none
  TlsCredentials tls;  // without authorities: plaintext
};

// Adds the option `name`, an address, and --ca-file, --cert-file, --key-file and --token-file.
void AddService(const Section& section, const std::string& name, ServiceOption& service, const std::string& help);

// Adds --ca-file, --cert-file, --key-file and --token-file, which default to RECURVE_CA_FILE, RECURVE_CERT_FILE,
// RECURVE_KEY_FILE and RECURVE_TOKEN_FILE of the environment. After parsing, the files are read into `tls`, unless
// `target` is empty.
void AddTlsOptions(const Section& section, const std::string& target, TlsCredentials& tls);

// The parts of AddTlsOptions, for a command that says itself what is wrong with the files: adds the options, and after
// parsing, completes `given` from the environment.
void AddTlsFiles(const Section& section, TlsFiles& given);
TlsFiles OrFromEnvironment(const TlsFiles& given);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SERVICE_OPTION_H_
