# What `cmake --install` writes: the headers, the laws, and the files of CMake and pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/ttt)
install(TARGETS ttt EXPORT tttTargets FILE_SET HEADERS FILE_SET device_headers
  FILE_SET mpi_headers)
install(EXPORT tttTargets NAMESPACE ttt:: DESTINATION ${package_dir})
install(TARGETS ttt_laws EXPORT tttLawsTargets
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ttt_tests)
install(EXPORT tttLawsTargets NAMESPACE ttt:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tttConfig.cmake.in
  ${PROJECT_BINARY_DIR}/tttConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tttConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
configure_file(${PROJECT_SOURCE_DIR}/cmake/ttt.pc.in ${PROJECT_BINARY_DIR}/ttt.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tttConfig.cmake ${PROJECT_BINARY_DIR}/tttConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/tttCuda.cmake DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/ttt.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
