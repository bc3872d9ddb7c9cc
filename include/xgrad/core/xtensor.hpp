// The one header that names a header of xtensor or xtl. Releases from 0.26 on keep theirs in subfolders,
// without forwarding headers.
#pragma once

#include <xgrad/core/config.hpp>

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/views/xslice.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xslice.hpp>
#include <xtensor/xtensor.hpp>
#endif
