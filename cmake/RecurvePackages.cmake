# SPDX-License-Identifier: Apache-2.0
# `cpack` in the build folder makes a Debian package of each component, in packages/ there. Those who publish packages give
# the address of the maintainer: cpack -D CPACK_PACKAGE_CONTACT="NAME <ADDRESS>".
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Recurve authors")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# recurve_package(<component> <package> SECTION ... SUMMARY ... TEXT ... [DEPENDS ...] [RECOMMENDS ...] [SUGGESTS ...])
macro(recurve_package component package)
  cmake_parse_arguments(arg "" "SECTION;SUMMARY;TEXT;DEPENDS;RECOMMENDS;SUGGESTS" "" ${ARGN})
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  string(TOUPPER ${component} id)
  set(CPACK_DEBIAN_${id}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${id}_PACKAGE_SECTION ${arg_SECTION})
  set(CPACK_DEBIAN_${id}_PACKAGE_DEPENDS ${arg_DEPENDS})
  set(CPACK_DEBIAN_${id}_PACKAGE_RECOMMENDS ${arg_RECOMMENDS})
  set(CPACK_DEBIAN_${id}_PACKAGE_SUGGESTS ${arg_SUGGESTS})
  set(CPACK_DEBIAN_${id}_DESCRIPTION "${arg_SUMMARY}\n${arg_TEXT}")
  install(FILES ${PROJECT_SOURCE_DIR}/deploy/debian/copyright ${PROJECT_BINARY_DIR}/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endmacro()

# recurve_daemon_package(<name> <summary> <text>): recurve-<name>, with a unit for systemd and configuration.
macro(recurve_daemon_package name)
  recurve_package(${name} recurve-${name} SECTION science RECOMMENDS recurve ${ARGN})
  set(control ${PROJECT_BINARY_DIR}/debian/${name})
  set(UNIT recurve-${name}.service)
  foreach(script postinst prerm postrm)
    configure_file(${PROJECT_SOURCE_DIR}/deploy/debian/${script}.in ${control}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(WRITE ${control}/conffiles "/etc/recurve/${name}.toml\n")
  string(TOUPPER ${name} id)
  set(CPACK_DEBIAN_${id}_PACKAGE_CONTROL_EXTRA
    ${control}/conffiles ${control}/postinst ${control}/prerm ${control}/postrm)
endmacro()

execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz
  COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
recurve_package(client recurve SECTION science SUGGESTS "recurve-planner, recurve-executor"
  SUMMARY "train recurrent networks on long sequences within a memory budget"
  TEXT "Recurve trains recurrent networks with exact gradients in a fraction of the
memory of backpropagation through time. It chooses which states to store and
which activations to recompute, and never exceeds the planned peak.
.
This package contains the command recurve, which trains on this machine, plans
and verifies schedules, answers questions about capacity, and is the client of
recurve-planner and recurve-executor.")
recurve_package(dev librecurve-dev SECTION libdevel DEPENDS libabsl-dev SUGGESTS "cmake | pkg-config"
  SUMMARY "planner of checkpoint schedules, to embed in other programs"
  TEXT "Plans which states of a long chain to store and which to recompute during
backpropagation within a memory budget, verifies schedules from any source, and
computes the memory and time of jobs.
.
This package contains the static library, its headers, the files for CMake and
pkg-config, and the protocol buffers of the services.")
if(RECURVE_SERVICES)
  recurve_daemon_package(planner
    SUMMARY "gRPC service that plans checkpoint schedules for Recurve"
    TEXT "Answers how to backpropagate through a long chain within a memory budget, and
what a cluster scheduler needs to know about the memory and time of jobs.
.
The service is stateless: run any number of replicas.")
  recurve_daemon_package(executor
    SUMMARY "daemon that runs the training jobs of Recurve on a node"
    TEXT "Trains recurrent networks, each job within its memory limit, as many at a time
as fit in the memory of the devices. Jobs survive crashes and restarts: they
continue from their checkpoints, to the same weights.")
endif()
include(CPack)
