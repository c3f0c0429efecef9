# Compiler settings, and the three functions every CMakeLists.txt here uses.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # the Python extension links the same archives
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Werror=return-type -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives through inlined std::optional and std::string.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
    -Wno-missing-field-initializers)
else()
  add_compile_options(-Wno-missing-designated-field-initializers -Wno-missing-field-initializers)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
elseif(CMAKE_BUILD_TYPE STREQUAL "Debug" AND TRACIA_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
endif()
if(TRACIA_SANITIZE)
  add_compile_options(-fsanitize=${TRACIA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRACIA_SANITIZE})
endif()
if(TRACIA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# tracia_library(<name> DEPS <libs>): libs/<name>, sources src/**.cpp, tests test/*_test.cpp.
# Alias tracia::<name>. One test executable per library: tracia_<name>_test.
function(tracia_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS;TEST_DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp)
  if(sources)
    add_library(tracia_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_include_directories(tracia_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
    target_link_libraries(tracia_${name} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(tracia_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(tracia::${name} ALIAS tracia_${name})
  set_target_properties(tracia_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(tracia_${name} ${scope}
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(tracia_${name} ${scope} ${ARG_DEPS})
  set_property(GLOBAL APPEND PROPERTY TRACIA_LIBRARIES tracia_${name})
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test/*_test.cpp)
  if(TRACIA_TESTS AND tests)
    tracia_test(tracia_${name}_test SOURCES ${tests} DEPS tracia_${name} ${ARG_TEST_DEPS})
    target_include_directories(tracia_${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}/test)
  endif()
endfunction()

# tracia_test(<target> SOURCES … DEPS …): a GoogleTest executable, one ctest entry.
# TRACIA_SHARED names the folder of recorded exchanges, prices and traces; tests that read it skip when it is absent.
function(tracia_test target)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  # Test code is not optimised: compiling it is most of a cold build, running it takes seconds. What is tested keeps the
  # preset's flags. UBSan watches the product; in test code it only doubles the expansion of assertions.
  target_compile_options(${target} PRIVATE -Wno-shadow -Wno-conversion -O0)
  if(TRACIA_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
  target_compile_definitions(${target} PRIVATE TRACIA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES TIMEOUT 600)
endfunction()

# tracia_fuzzer(<name> SOURCE f.cpp DEPS …): a libFuzzer target fuzz_<name>; its seeds live in tests/fuzz/corpus/<name>/.
function(tracia_fuzzer name)
  cmake_parse_arguments(ARG "" "SOURCE" "DEPS" ${ARGN})
  if(TRACIA_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCE})
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_DEPS})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
