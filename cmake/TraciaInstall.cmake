# cmake --install build/release --prefix DIR: archives, headers, the executable, and a package for
# find_package(Tracia CONFIG REQUIRED) with the targets tracia::<library>. tests/install_example proves it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(tracia_libraries GLOBAL PROPERTY TRACIA_LIBRARIES)
install(TARGETS ${tracia_libraries} EXPORT TraciaTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(target ${tracia_libraries})
  string(REPLACE "tracia_" "" lib ${target})
  if(IS_DIRECTORY "${CMAKE_SOURCE_DIR}/libs/${lib}/include")
    install(DIRECTORY "${CMAKE_SOURCE_DIR}/libs/${lib}/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endif()
endforeach()
if(TARGET tracia)
  install(TARGETS tracia RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(tracia_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tracia)
install(EXPORT TraciaTargets NAMESPACE tracia:: DESTINATION ${tracia_package_dir})
configure_package_config_file(
  "${CMAKE_SOURCE_DIR}/cmake/TraciaConfig.cmake.in" "${CMAKE_BINARY_DIR}/TraciaConfig.cmake"
  INSTALL_DESTINATION ${tracia_package_dir})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file("${CMAKE_BINARY_DIR}/TraciaConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/TraciaConfig.cmake" "${CMAKE_BINARY_DIR}/TraciaConfigVersion.cmake"
  DESTINATION ${tracia_package_dir})
