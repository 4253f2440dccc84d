// What it is compiled with, the precompiled header, serves all test programs.
#include <catch2/catch.hpp>
