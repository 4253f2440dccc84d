# How the lab's targets are made: one library a folder, `hanglab::NAME`, warnings by an interface target.
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache keeps objects that were built with precompiled headers only when told that their macros and times do.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
  add_compile_options(-fpch-preprocess)
endif()

option(HANGLAB_WERROR "Treat compiler warnings as errors" OFF)
option(HANGLAB_FUZZ "Build the fuzzing programs of tests/fuzz, with clang" OFF)
option(HANGLAB_SANITIZE "Address and undefined behaviour sanitizers, without recovery" OFF)

add_library(hanglab_options INTERFACE)
target_include_directories(hanglab_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(hanglab_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  $<$<BOOL:${HANGLAB_WERROR}>:-Werror>)
if(HANGLAB_SANITIZE)
  target_compile_options(hanglab_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hanglab_options INTERFACE -fsanitize=address,undefined)
endif()

# hanglab_library(NAME sources… [LINK libraries…]): the library hanglab::NAME of this folder.
function(hanglab_library name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_library(hanglab_${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(hanglab::${name} ALIAS hanglab_${name})
  target_link_libraries(hanglab_${name} PUBLIC hanglab_options ${arg_LINK})
endfunction()

# hanglab_test(NAME sources… [LINK libraries…]): the Catch2 program test_NAME as one ctest.
function(hanglab_test name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(test_${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(test_${name} PRIVATE hanglab_catch_main ${arg_LINK})
  target_precompile_headers(test_${name} REUSE_FROM hanglab_catch_main)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
endfunction()
