# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` installs besides the library (RecurveLibrary.cmake): programs, manual pages, shell completions,
# documents, and systemd units with their configuration. A component is a Debian package (RecurvePackages.cmake).
include(GNUInstallDirs)
find_package(Python3 COMPONENTS Interpreter)
add_feature_info(manual Python3_Interpreter_FOUND "manual pages, made from the help of the programs (needs Python 3)")

# recurve_program(<component> <program> <section>): installs a program and its manual pages.
function(recurve_program component program section)
  install(TARGETS ${program} COMPONENT ${component})
  if(NOT Python3_Interpreter_FOUND)
    return()
  endif()
  set(pages ${PROJECT_BINARY_DIR}/man/${program})
  set(script ${PROJECT_SOURCE_DIR}/cmake/man_pages)
  add_custom_command(OUTPUT ${pages}.stamp
    COMMAND ${Python3_EXECUTABLE} ${script} ${pages} ${section} $<TARGET_FILE:${program}>
    COMMAND ${CMAKE_COMMAND} -E touch ${pages}.stamp
    DEPENDS ${program} ${script} COMMENT "Writing the manual of ${program}" VERBATIM)
  add_custom_target(${program}-manual ALL DEPENDS ${pages}.stamp)
  install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT ${component})
endfunction()

# recurve_daemon(<name>): installs recurve-<name>, its unit for systemd and its configuration.
function(recurve_daemon name)
  recurve_program(${name} recurve-${name} 8)
  set(script ${PROJECT_BINARY_DIR}/install_${name}.cmake)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/install_daemon.cmake.in ${script} @ONLY)
  install(SCRIPT ${script} COMPONENT ${name})
endfunction()

# What recurve itself prints: completions for each shell.
set(completions)
foreach(shell bash zsh fish)
  set(script ${PROJECT_BINARY_DIR}/completions/recurve.${shell})
  add_custom_command(OUTPUT ${script} COMMAND recurve completion ${shell} > ${script} DEPENDS recurve VERBATIM)
  list(APPEND completions ${script})
endforeach()
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/completions)
add_custom_target(recurve-completions ALL DEPENDS ${completions})

recurve_program(client recurve 1)
set(completions ${PROJECT_BINARY_DIR}/completions)
install(FILES ${completions}/recurve.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME recurve COMPONENT client)
install(FILES ${completions}/recurve.zsh
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _recurve COMPONENT client)
install(FILES ${completions}/recurve.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT client)
install(FILES LICENSE README.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/recurve COMPONENT client)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/recurve/docs COMPONENT client)
install(PROGRAMS deploy/slurm/recurve-sbatch TYPE BIN COMPONENT client)
install(FILES deploy/slurm/job_submit.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/recurve/examples COMPONENT client)
if(RECURVE_SERVICES)
  recurve_daemon(planner)
  recurve_daemon(executor)
  install(FILES deploy/systemd/executor-gpu.conf
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/recurve-executor/examples COMPONENT executor)
  install(DIRECTORY proto/recurve DESTINATION ${CMAKE_INSTALL_DATADIR}/recurve/proto COMPONENT dev
    FILES_MATCHING PATTERN *.proto)
endif()
