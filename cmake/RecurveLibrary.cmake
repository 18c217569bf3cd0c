# SPDX-License-Identifier: Apache-2.0
# The planning library for other programs: librecurve.a, the headers, a configuration for find_package and recurve.pc.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# The public headers, and those that they include. docs/library.md names the ones that programs include.
set(headers
  planner_service/capacity/advisor.h
  planner_service/checkpoint_schedules/action_exporter.h
  planner_service/checkpoint_schedules/action_importer.h
  planner_service/checkpoint_schedules/checkpoint_action.h
  planner_service/checkpoint_schedules/schedule_file.h
  planner_service/fields/field.h
  planner_service/fields/named.h
  planner_service/model/cell.h
  planner_service/model/model_config.h
  planner_service/model/optimizer_spec.h
  planner_service/planning/chain.h
  planner_service/planning/plan.h
  planner_service/planning/plan_check.h
  planner_service/planning/planner.h
  planner_service/schedule/action.h
  planner_service/schedule/link_sums.h
  planner_service/schedule/replay.h
  planner_service/schedule/schedule.h
  planner_service/text/units.h
  planner_service/verification/any_order_machine.h
  planner_service/verification/range_set.h
  planner_service/verification/schedule_verifier.h)

# One archive with the objects of these libraries. It needs no gRPC and no protobuf.
set(parts capacity checkpoint_schedules fields model_config planning schedule text units verification)
set(dependencies btree flat_hash_map status statusor strings)  # of Abseil
list(TRANSFORM parts REPLACE "(.+)" "$<TARGET_OBJECTS:recurve_\\1>" OUTPUT_VARIABLE objects)
list(TRANSFORM dependencies PREPEND absl:: OUTPUT_VARIABLE targets)
add_library(recurve_archive STATIC ${objects})
add_library(recurve::recurve ALIAS recurve_archive)
set_target_properties(recurve_archive PROPERTIES OUTPUT_NAME recurve EXPORT_NAME recurve LINKER_LANGUAGE CXX)
target_compile_features(recurve_archive INTERFACE cxx_std_20)
target_link_libraries(recurve_archive PUBLIC ${targets})
target_sources(recurve_archive PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})

set(config ${CMAKE_INSTALL_LIBDIR}/cmake/recurve)
install(TARGETS recurve_archive EXPORT recurve-targets
  ARCHIVE COMPONENT dev
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/recurve COMPONENT dev)
install(EXPORT recurve-targets NAMESPACE recurve:: DESTINATION ${config} COMPONENT dev)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/recurve-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/recurve-config.cmake ${PROJECT_BINARY_DIR}/recurve-config-version.cmake
  DESTINATION ${config} COMPONENT dev)
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
list(TRANSFORM dependencies PREPEND absl_ OUTPUT_VARIABLE requires)
list(JOIN requires ", " requires)
configure_file(${PROJECT_SOURCE_DIR}/cmake/recurve.pc.in ${PROJECT_BINARY_DIR}/recurve.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/recurve.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
