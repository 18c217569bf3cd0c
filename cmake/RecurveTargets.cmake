# SPDX-License-Identifier: Apache-2.0
# The three kinds of target in this project. The link graph is the dependency graph: a target lists what it includes.

# Options for every compiled file.
add_library(recurve_options INTERFACE)
target_include_directories(recurve_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(recurve_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers)
if(RECURVE_SANITIZER)
  target_compile_options(recurve_options INTERFACE -fsanitize=${RECURVE_SANITIZER} -fno-omit-frame-pointer)
  target_link_options(recurve_options INTERFACE -fsanitize=${RECURVE_SANITIZER})
endif()
if(RECURVE_FUZZERS)
  target_compile_options(recurve_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Hardening of what is deployed; the sanitizers have stricter checks of their own. Debian's compilers make position-
# independent programs by default. Control-flow protection takes effect where the processor and the kernel support it.
if(NOT RECURVE_SANITIZER)
  set(hardening -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND hardening -fcf-protection=full)
  endif()
  # Fortified functions need an optimizing compiler.
  target_compile_options(recurve_options INTERFACE
    "$<$<COMPILE_LANGUAGE:C,CXX>:${hardening}>"
    "$<$<AND:$<COMPILE_LANGUAGE:C,CXX>,$<NOT:$<CONFIG:Debug>>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
  target_link_options(recurve_options INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack)
endif()

# recurve_library(<name> SOURCES ... [DEPS ...]): static library recurve_<name>, alias recurve::<name>.
function(recurve_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(recurve_${name} STATIC ${arg_SOURCES})
  add_library(recurve::${name} ALIAS recurve_${name})
  target_link_libraries(recurve_${name} PUBLIC recurve_options ${arg_DEPS})
endfunction()

# recurve_binary(<name> SOURCES ... [DEPS ...]): program <name> in build/bin.
function(recurve_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE recurve_options ${arg_DEPS})
endfunction()

# recurve_test(<name> [ONLY ...] [EXCEPT ...] [SOURCES ...] [DEPS ...] [TIMEOUT seconds]): GoogleTest program <name> in
# build/tests, with each case registered with CTest. Its tests are the folder's files *_test.cc: only ONLY, or all except
# EXCEPT. SOURCES are additional sources.
function(recurve_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "ONLY;EXCEPT;SOURCES;DEPS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_ONLY)
    file(GLOB arg_ONLY RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *_test.cc)
    list(REMOVE_ITEM arg_ONLY ${arg_EXCEPT})
  endif()
  recurve_binary(${name} SOURCES ${arg_ONLY} ${arg_SOURCES} DEPS ${arg_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)  # faster to compile; tests run only once
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT RECURVE_CACHE=)
endfunction()
