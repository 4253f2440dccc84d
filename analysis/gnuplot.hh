// Pictures through the program gnuplot (5.4 or later, http://gnuplot.info). Scripts are text and can be made
// and tested without it. The same script gives the same SVG file byte for byte.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace hanglab::analysis {

// A piece of text as gnuplot reads it: in single quotes nothing is expanded or run. Control characters become
// blanks.
std::string gnuplot_string(std::string_view text);

// Throws InputError unless the name ends in .svg or .png.
void check_picture_name(const std::filesystem::path& file);

// Runs `script`, which plots but sets neither terminal nor output (and may use the variables small_font and
// large_font), into a file beside `file` that is then
// given its name: a failure leaves what was there before. Throws Error with gnuplot's own words, or where
// gnuplot is not installed.
void draw(const std::string& script, int width, int height, const std::filesystem::path& file);

}  // namespace hanglab::analysis
