# ns-3 as Debian's libns3-dev installs it, as targets ns3::MODULE. Its own package configuration names
# programs of the package `ns3` and fails where those are not installed; the lab needs the libraries alone.
#   find_package(Ns3 REQUIRED COMPONENTS core network internet)
find_path(Ns3_INCLUDE_DIR NAMES ns3/core-module.h)
find_library(Ns3_CORE NAMES ns3-core)
if(Ns3_CORE)
  get_filename_component(Ns3_REAL "${Ns3_CORE}" REALPATH)  # …/libns3-core.so.37 is ns-3.37
  string(REGEX REPLACE ".*\\.so\\." "3." Ns3_VERSION "${Ns3_REAL}")
endif()

foreach(module IN LISTS Ns3_FIND_COMPONENTS)
  string(REGEX REPLACE "-core\\.so$" "-${module}.so" library "${Ns3_CORE}")
  if(Ns3_CORE AND EXISTS "${library}")
    set(Ns3_${module}_FOUND TRUE)
    if(NOT TARGET ns3::${module})
      add_library(ns3::${module} SHARED IMPORTED)
      set_target_properties(ns3::${module} PROPERTIES
        IMPORTED_LOCATION "${library}"
        INTERFACE_INCLUDE_DIRECTORIES "${Ns3_INCLUDE_DIR}")
    endif()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Ns3
  REQUIRED_VARS Ns3_CORE Ns3_INCLUDE_DIR VERSION_VAR Ns3_VERSION HANDLE_COMPONENTS)
