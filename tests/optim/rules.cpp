#include <doctest/doctest.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/optim/adadelta.hpp>
#include <xgrad/optim/adagrad.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/adamax.hpp>
#include <xgrad/optim/adamw.hpp>
#include <xgrad/optim/lamb.hpp>
#include <xgrad/optim/lion.hpp>
#include <xgrad/optim/muon.hpp>
#include <xgrad/optim/nadam.hpp>
#include <xgrad/optim/radam.hpp>
#include <xgrad/optim/rmsprop.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

/// w_i = cos(i / 2), led by gradients sin(1 + i + 3 k) + k / 10 in step k.
template <class T>
xg::tensor<T> begin(const xg::shape& sizes) {
    auto w = xg::tensor<T>{xg::zeros<T>(sizes)};
    for (auto i = std::size_t{0}; i < w.size(); ++i) w.data()[i] = static_cast<T>(std::cos(0.5 * static_cast<double>(i)));
    w.requires_grad(true);
    return w;
}

template <class T, class Optimizer>
void move(Optimizer& opt, const xg::tensor<T>& w, int k) {
    auto g = xg::tensor<T>{xg::zeros<T>(w.shape())};
    for (auto i = std::size_t{0}; i < w.size(); ++i)
        g.data()[i] = static_cast<T>(std::sin(1.0 + static_cast<double>(i) + 3 * k) + 0.1 * k);
    opt.zero_grad();
    w.backward(g);
    opt.step();
}

template <class T>
xg::parameter_list<T> list_of(const xg::tensor<T>& w) {
    return {{"w", w}};
}

template <class T>
void check_close(const xg::tensor<T>& w, const std::vector<double>& wanted, double epsilon) {
    REQUIRE(w.size() == wanted.size());
    for (auto i = std::size_t{0}; i < wanted.size(); ++i)
        CHECK(static_cast<double>(w.data()[i]) == doctest::Approx(wanted[i]).epsilon(epsilon));
}

template <template <class> class Rule, class Options>
void check_values(const Options& options, const std::vector<double>& wanted) {
    auto w = begin<double>({3, 4});
    auto opt = Rule<double>{list_of(w), options};
    for (auto k = 0; k < 10; ++k) move(opt, w, k);
    check_close(w, wanted, 1e-12);
    auto v = begin<float>({3, 4});
    auto in_float = Rule<float>{list_of(v), options};
    for (auto k = 0; k < 10; ++k) move(in_float, v, k);
    check_close(v, wanted, 1e-5);
}

/// Stopped after `steps`, written down and gone on with by another optimizer: the same to the bit.
template <template <class> class Rule, class Options>
void check_resumed(const Options& options, int steps) {
    auto w = begin<float>({3, 4}), v = begin<float>({3, 4});
    auto through = Rule<float>{list_of(w), options};
    for (auto k = 0; k < 10; ++k) move(through, w, k);
    auto first = Rule<float>{list_of(v), options};
    for (auto k = 0; k < steps; ++k) move(first, v, k);
    auto second = Rule<float>{list_of(v), options};
    CHECK(second.load_state(first.state()).empty());
    for (auto k = 10; k < 12; ++k) move(first, begin<float>({3, 4}), k);   // what it does now no more concerns the other
    for (auto k = steps; k < 10; ++k) move(second, v, k);
    CHECK(xg::array_equal(w, v));
    CHECK(through.state().size() == second.state().size());
}

/// Without a gradient, or frozen: it stays as it is, whatever there was of momentum and decay.
template <template <class> class Rule, class Options>
void check_passed_over(const Options& options) {
    auto w = begin<float>({3, 4});
    auto opt = Rule<float>{list_of(w), options};
    move(opt, w, 0);
    const auto before = w.clone();
    opt.zero_grad();
    opt.step();
    CHECK(xg::array_equal(w, before));
    w.requires_grad(false);
    opt.step();
    CHECK(xg::array_equal(w, before));
    CHECK(opt.without_gradient() == std::vector<std::string>{"w"});
}

template <template <class> class Rule, class Options>
void check_threads(const Options& options) {
    const auto after = [&](int threads) {
        xg::set_num_threads(threads);
        auto w = begin<float>({500, 601});
        auto opt = Rule<float>{list_of(w), options};
        for (auto k = 0; k < 2; ++k) move(opt, w, k);
        return w;
    };
    const auto usual = xg::num_threads();
    CHECK(xg::array_equal(after(1), after(3)));
    xg::set_num_threads(usual);
}

template <template <class> class Rule, class Options>
void check_ten_steps(const Options& options, const std::vector<double>& wanted) {
    CAPTURE(Rule<double>::name);
    check_values<Rule>(options, wanted);
    for (const auto steps : {1, 5, 9}) check_resumed<Rule>(options, steps);
    check_passed_over<Rule>(options);
    if (std::string{Rule<double>::name} != "muon") check_threads<Rule>(options);
}

}  // namespace

// The figures: PyTorch 1.13 in double precision, with its own rules; nadam, lion, lamb and muon by their equations, written
// out with PyTorch's tensors.
TEST_CASE("rules: ten steps") {
    check_ten_steps<optim::adam>(optim::adam_options{.lr = 0.05, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1},
        {0.6786871895789213, 0.6438861266751434, 0.2522247677224799, -0.08413083485253589, -0.47418841399533734,
         -0.8868703609073944, -1.263787328906559, -1.109269215829181, -0.8347727304981328, -0.3903721356186719,
         0.19011551675501626, 0.5770524620701034});
    check_ten_steps<optim::adam>(optim::adam_options{.lr = 0.05, .betas = {0.8, 0.9}, .weight_decay = 0.1, .amsgrad = true},
        {0.6796353292335016, 0.6478161099831395, 0.26300566473574927, -0.08336326671247835, -0.4723710194824761,
         -0.8808919538705772, -1.2612437555514169, -1.1076340753238854, -0.8294813666670544, -0.38461048698363953,
         0.1917236338358048, 0.5832205105999015});
    check_ten_steps<optim::adamw>(optim::adamw_options{.lr = 0.05, .weight_decay = 0.1},
        {0.6850675867402998, 0.6403805866296923, 0.27933606597668703, -0.04563135145806887, -0.4454586975235761,
         -0.8777747385066408, -1.2543399533608302, -1.0929908274988716, -0.8310561573635512, -0.35497540858160426,
         0.21542035180960237, 0.5965929137892354});
    check_ten_steps<optim::adamw>(optim::adamw_options{.lr = 0.05, .betas = {0.7, 0.8}, .amsgrad = true},
        {0.6999161771801081, 0.6723277512450508, 0.30144563162010884, -0.10980540299106656, -0.505146495790401,
         -0.9326373231416005, -1.3228316160214497, -1.1451343597853525, -0.8616167948023723, -0.42061524679833434,
         0.17925489570742104, 0.6002950285573021});
    check_ten_steps<optim::adagrad>(optim::adagrad_options{.lr = 0.1, .lr_decay = 0.1, .weight_decay = 0.05, .initial_accumulator_value = 0.2},
        {0.7810347052686403, 0.7191914854267532, 0.3665364735684752, -0.03535510418171766, -0.45880028992275207,
         -0.9001729038946604, -1.2132196417578665, -1.078874784731491, -0.7888430990027929, -0.35174947233315146,
         0.2279220061917093, 0.6205892267902646});
    check_ten_steps<optim::adadelta>(optim::adadelta_options{.lr = 0.7, .rho = 0.8, .weight_decay = 0.05},
        {0.9885633177976625, 0.8703682285362969, 0.5306174929802466, 0.061024222455249494, -0.42208216024560213,
         -0.8094096166824873, -1.002766539839684, -0.9433933914454957, -0.6610578494074425, -0.22177504422359917,
         0.27696423162857786, 0.7009917711765219});
    check_ten_steps<optim::adamax>(optim::adamax_options{.lr = 0.1, .betas = {0.8, 0.9}, .weight_decay = 0.05},
        {0.4597357442148972, 0.5296485817907903, 0.19922884825919965, -0.1754075213419332, -0.4900871205688923,
         -0.8902453910602425, -1.5011881872238602, -1.263391098092782, -0.9342016128606576, -0.45448098737949966,
         0.16325662599827193, 0.5971036808128041});
    check_ten_steps<optim::nadam>(optim::nadam_options{.lr = 0.1, .betas = {0.8, 0.9}, .weight_decay = 0.05, .momentum_decay = 0.01},
        {0.36549439963191754, 0.4675362135810566, 0.03661021998812995, -0.3853750564504114, -0.6686682685802305,
         -1.1227017541269, -1.6687260015941725, -1.317846400607608, -1.0329497334620648, -0.7378361066951866,
         -0.014421442408636728, 0.3866007918546286});
    check_ten_steps<optim::radam>(optim::radam_options{.lr = 0.1, .betas = {0.8, 0.99}, .weight_decay = 0.05},
        {0.7593867425414771, 0.648182698592506, 0.4130552553744167, 0.06566458276033749, -0.36682829548009077,
         -0.8375489469481903, -1.1605697796270322, -1.129170402230626, -0.7784686226582371, -0.24132351885484385,
         0.31760344347508807, 0.6689554954763652});
    check_ten_steps<optim::rmsprop>(optim::rmsprop_options{.lr = 0.02, .alpha = 0.9, .weight_decay = 0.05},
        {0.7701115284747911, 0.7270985310035889, 0.3517735332704752, -0.07808653163020007, -0.4924642649795251,
         -0.902104822416495, -1.2383609463758127, -1.0766298564277237, -0.7946575082996608, -0.38951208659497405,
         0.1917019517411864, 0.6076289747968703});
    check_ten_steps<optim::rmsprop>(optim::rmsprop_options{.lr = 0.02, .alpha = 0.9, .momentum = 0.5},
        {0.6235757310491531, 0.6222194309282346, 0.21313749036667387, -0.17487664097817288, -0.5320396549550815,
         -0.9765503332531018, -1.4446644486237483, -1.2050178198956174, -0.9351906019048919, -0.530651545405371,
         0.1527606431649983, 0.5738260665024557});
    check_ten_steps<optim::rmsprop>(optim::rmsprop_options{.lr = 0.02, .alpha = 0.9, .eps = 0.1, .centered = true},
        {0.8011773808526179, 0.7500322261369525, 0.39982176613785453, -0.06669090642027045, -0.497468072670164,
         -0.926481772205267, -1.2224755879127032, -1.0736786943180356, -0.7827754967858626, -0.37389507822490115,
         0.1963736252027286, 0.6102025782011087});
    check_ten_steps<optim::rmsprop>(optim::rmsprop_options{.lr = 0.02, .alpha = 0.9, .eps = 0.1, .momentum = 0.5, .centered = true},
        {0.6662577536897064, 0.6493542565024545, 0.2842702467357797, -0.15560064240403168, -0.5347096066330428,
         -0.9993683063389008, -1.3815594407607459, -1.1776753134510116, -0.8896032737020156, -0.4928122433842176,
         0.153850616786225, 0.5598844569980818});
    check_ten_steps<optim::lion>(optim::lion_options{.lr = 0.01, .betas = {0.8, 0.9}, .weight_decay = 0.1},
        {0.9103342411886293, 0.8090157829400988, 0.4750931922694541, 0.010162944072172879, -0.45197390541818216,
         -0.8331379953641692, -1.0598476417264568, -0.9869644882112534, -0.7069668597386, -0.2685673622754652,
         0.2408684339477743, 0.661645021317259});
    check_ten_steps<optim::lamb>(optim::lamb_options{.lr = 0.05, .betas = {0.8, 0.9}, .weight_decay = 0.1},
        {0.5694909307295472, 0.5786854109038203, 0.22014564787850957, -0.17264393047570448, -0.5277064116116006,
         -0.9950900966990345, -1.3398973685295092, -1.1047630054902842, -0.8456373349333426, -0.49000670445446376,
         0.10891597754118179, 0.46040792470421393});
    check_ten_steps<optim::muon>(optim::muon_options{.lr = 0.05, .momentum = 0.8, .weight_decay = 0.1},
        {0.8009348018864537, 0.757719215094982, 0.4590304206694399, -0.03691119874277414, -0.5252145181597146,
         -0.8531614822726803, -1.0321435489523958, -1.0187673490366862, -0.7283732107141367, -0.24091756788402235,
         0.2067129242961695, 0.5202038705193255});
    check_ten_steps<optim::muon>(optim::muon_options{.lr = 0.05, .momentum = 0.8, .nesterov = false, .scale = optim::muon_scale::match_rms_adamw},
        {0.9261685036402224, 0.8414421541967733, 0.5264781617803821, 0.04333702628296155, -0.44175961568001115,
         -0.844276496684604, -1.0441589073936322, -0.9850258791086631, -0.692916201848897, -0.2190343701968523,
         0.26592018097267023, 0.6496243052714837});
}

TEST_CASE("rules: one gradient after another, of a parameter that had none for a while") {
    // Each parameter counts its own steps.
    auto w = begin<double>({2, 2}), v = begin<double>({2, 2});
    auto both = optim::adam<double>{xg::parameter_list<double>{{"w", w}, {"v", v}}, {.lr = 0.1}};
    for (auto k = 0; k < 3; ++k) move(both, w, k);
    auto alone = begin<double>({2, 2});
    auto single = optim::adam<double>{list_of(alone), {.lr = 0.1}};
    for (auto k = 3; k < 6; ++k) {
        move(both, v, k);
        move(single, alone, k);
    }
    CHECK(xg::array_equal(v, alone));
}

TEST_CASE("rules: a variance never falls under 0") {
    // A constant gradient: the second moment is the square of the first but for rounding.
    auto w = xg::zeros<float>({64}).requires_grad(true);
    auto opt = optim::rmsprop<float>{list_of(xg::tensor<float>{w}), {.lr = 0, .alpha = 0.5, .centered = true}};
    auto g = xg::tensor<float>{xg::zeros<float>({64})};
    for (auto i = 0; i < 64; ++i) g.data()[i] = 0.1f + 0.01f * static_cast<float>(i);
    for (auto k = 0; k < 200; ++k) {
        opt.zero_grad();
        w.backward(g);
        opt.step();
    }
    CHECK(xg::array_equal(w, xg::zeros<float>({64})));   // lr 0 times NaN would be NaN
}

TEST_CASE("lamb: where the weights or the step are 0, the step is taken as it is") {
    auto w = xg::zeros<double>({2}).requires_grad(true);
    auto opt = optim::lamb<double>{list_of(xg::tensor<double>{w}), {.lr = 0.5}};
    w.backward(xg::tensor<double, 1>{1, -2});
    opt.step();
    CHECK(w.detach()(0) == doctest::Approx(-0.5).epsilon(1e-5));
    CHECK(w.detach()(1) == doctest::Approx(0.5).epsilon(1e-5));
    auto zero = xg::zeros<double>({2}).requires_grad(true);
    auto still = optim::lamb<double>{list_of(xg::tensor<double>{zero}), {.lr = 0.5}};
    zero.backward(xg::zeros<double>({2}));
    still.step();
    CHECK(zero.detach()(0) == 0);
}

TEST_CASE("lion: a gradient of zero has no sign") {
    auto w = xg::tensor<double, 1>{1, 2}.requires_grad(true);
    auto opt = optim::lion<double>{list_of(xg::tensor<double>{w}), {.lr = 0.5}};
    w.backward(xg::tensor<double, 1>{0, -1e-30});
    opt.step();
    CHECK(w.detach()(0) == 1);
    CHECK(w.detach()(1) == 2.5);
}

TEST_CASE("muon: matrices only, whose sides may be exchanged") {
    const auto vector = xg::zeros<double>({3}).requires_grad(true);
    CHECK_THROWS_WITH_AS((optim::muon<double>{xg::parameter_list<double>{{"bias", vector}}}),
                         "[muon] parameter bias is (3,); muon is for matrices: leave biases and the like to another optimizer, "
                         "adamw for one", xg::value_error);
    // A tall matrix, and its transposed one with the sides exchanged.
    auto tall = xg::tensor<double, 2>{{1, 2}, {3, 5}, {-1, 4}}.requires_grad(true);
    auto wide = xg::tensor<double, 2>{{1, 3, -1}, {2, 5, 4}}.requires_grad(true);
    auto of_tall = optim::muon<double>{list_of(xg::tensor<double>{tall}), {.lr = 0.1}};
    auto of_wide = optim::muon<double>{list_of(xg::tensor<double>{wide}), {.lr = 0.1, .inputs_first = true}};
    tall.backward(xg::tensor<double, 2>{{1, 0}, {2, -1}, {0.5, 1}});
    wide.backward(xg::tensor<double, 2>{{1, 2, 0.5}, {0, -1, 1}});
    of_tall.step();
    of_wide.step();
    for (auto i = 0; i < 3; ++i)
        for (auto j = 0; j < 2; ++j) CHECK(tall.detach()(i, j) == doctest::Approx(wide.detach()(j, i)).epsilon(1e-13));
    // A gradient of zero, and no elements.
    auto still = xg::zeros<double>({2, 3}).requires_grad(true), none = xg::zeros<double>({0, 3}).requires_grad(true);
    auto opt = optim::muon<double>{xg::parameter_list<double>{{"still", still}, {"none", none}}, {}};
    still.backward(xg::zeros<double>({2, 3}));
    none.backward(xg::zeros<double>({0, 3}));
    opt.step();
    CHECK(still.detach()(1, 2) == 0);
}

TEST_CASE("rules: options out of range") {
    const auto w = list_of(begin<double>({2, 2}));
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS((optim::adam{w, {.betas = {1, 0.999}}}), "[adam] betas[0] must be at least 0 and below 1, got 1",
                         xg::value_error);
    CHECK_THROWS_AS((optim::adam{w, {.betas = {0.9, nan}}}), xg::value_error);
    CHECK_THROWS_AS((optim::adamw{w, {.eps = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::adamax{w, {.weight_decay = nan}}), xg::value_error);
    CHECK_THROWS_AS((optim::nadam{w, {.momentum_decay = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::radam{w, {.lr = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::adagrad{w, {.lr_decay = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::adadelta{w, {.rho = 1.5}}), xg::value_error);
    CHECK_THROWS_AS((optim::rmsprop{w, {.alpha = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::lion{w, {.weight_decay = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::lamb{w, {.betas = {0.9, 1}}}), xg::value_error);
    CHECK_THROWS_AS((optim::muon{w, {.steps = -1}}), xg::value_error);
}
