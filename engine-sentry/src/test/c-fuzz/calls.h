/*
 * What the arguments of each system call are, so that random ones get past the first check often enough. One letter
 * an argument; what is not listed here gets six arguments of any kind.
 *
 *   f descriptor   p path   l path in our own folder   b buffer   n its length   i small number   F flags, random bits
 *   s signal   t timespec or timeval   v iovec array   c its count   S socket address   m mode   a page of the playground
 *   L length of pages   P pid of ours   u user id   x anything   o open flags   k futex word   w whence   M message header
 *   g sigset   h sigaction   e epoll_event   r rlimit, itimerval and other small structures   q pollfd array   N string
 *   O offset   z size of a sigset   I ioctl number   C fcntl command
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

static const struct { int nr; const char *args; } calls[] = {
    {0, "fbn"},      {1, "fbn"},      {2, "pom"},      {3, "f"},        {4, "pb"},       {5, "fb"},      {6, "pb"},
    {7, "qii"},      {8, "fOw"},      {9, "aLFFfO"},   {10, "aLi"},     {11, "aL"},      {12, "a"},      {13, "shhz"},
    {14, "iggz"},    {16, "fIb"},     {17, "fbnO"},    {18, "fbnO"},    {19, "fvc"},     {20, "fvc"},    {21, "pi"},
    {22, "b"},       {23, "iggg"},  {24, ""},        {25, "aLLFa"},   {26, "aLF"},     {27, "aLb"},    {28, "aLi"},
    {29, "iiF"},     {30, "iaF"},     {31, "iib"},     {32, "f"},       {33, "ff"},      {34, ""},       {35, "tb"},
    {36, "ir"},      {37, "i"},       {38, "irr"},     {39, ""},        {40, "ffbn"},    {41, "iFi"},    {42, "fSn"},
    {43, "fSb"},     {44, "fbnFSn"},  {45, "fbnFSb"},  {46, "fMF"},     {47, "fMF"},     {48, "fi"},     {49, "fSn"},
    {50, "fi"},      {51, "fbb"},     {52, "fbb"},     {53, "iFib"},    {54, "fiibn"},   {55, "fiibb"},  {61, "PbFb"},
    {62, "Ps"},      {63, "b"},       {64, "iii"},     {65, "ibn"},     {66, "iii"},     {67, "b"},      {68, "iF"},
    {69, "ibniF"},   {70, "ibnF"},    {71, "iib"},     {72, "fCr"},     {73, "fi"},      {74, "f"},      {75, "f"},
    {76, "lO"},      {77, "fO"},      {78, "fbn"},     {79, "bn"},      {80, "p"},       {81, "f"},      {82, "ll"},
    {83, "lm"},      {84, "l"},       {85, "lm"},      {86, "ll"},      {87, "l"},       {88, "Nl"},     {89, "pbn"},
    {90, "lm"},      {91, "fm"},      {92, "luu"},     {93, "fuu"},     {94, "luu"},     {95, "m"},      {96, "bb"},
    {97, "ib"},      {98, "ib"},      {99, "b"},       {100, "b"},      {101, "iPxb"},   {102, ""},      {103, "ibn"},
    {104, ""},       {105, "u"},      {106, "u"},      {107, ""},       {108, ""},       {109, "PP"},    {110, ""},
    {111, ""},       {112, ""},       {113, "uu"},     {114, "uu"},     {115, "nb"},     {116, "ib"},    {117, "uuu"},
    {118, "bbb"},    {119, "uuu"},    {120, "bbb"},    {121, "P"},      {122, "u"},      {123, "u"},     {124, "P"},
    {125, "bb"},     {126, "bb"},     {127, "gz"},     {128, "gbtz"},   {129, "Psb"},    {130, "gz"},    {131, "bb"},
    {132, "lb"},     {133, "lmi"},    {134, "p"},      {135, "x"},      {136, "ib"},     {137, "pb"},    {138, "fb"},
    {139, "iii"},    {140, "ii"},     {141, "iii"},    {142, "Pb"},     {143, "Pb"},     {144, "Pib"},   {145, "P"},
    {146, "i"},      {147, "i"},      {148, "Pb"},     {149, "aL"},     {150, "aL"},     {151, "F"},     {152, ""},
    {153, ""},       {155, "ll"},     {156, "b"},      {157, "ixxxx"},  {158, "ib"},     {159, "b"},     {160, "ir"},
    {161, "l"},      {162, ""},       {163, "p"},      {164, "bb"},     {165, "NlNFb"},  {166, "lF"},    {167, "pF"},
    {168, "p"},      {169, "iiib"},   {170, "Nn"},     {171, "Nn"},     {172, "i"},      {173, "iii"},   {175, "bnN"},
    {176, "NF"},     {179, "ipib"},   {186, ""},       {187, "fOn"},    {188, "lNbnF"},  {189, "lNbnF"}, {190, "fNbnF"},
    {191, "pNbn"},   {192, "pNbn"},   {193, "fNbn"},   {194, "pbn"},    {195, "pbn"},    {196, "fbn"},   {197, "lN"},
    {198, "lN"},     {199, "fN"},     {200, "Ps"},     {201, "b"},      {202, "kiitki"}, {203, "Pnb"},   {204, "Pnb"},
    {205, "b"},      {206, "ib"},     {207, "x"},      {208, "xiibt"},  {209, "xib"},    {210, "xbb"},   {211, "b"},
    {212, "xbn"},    {213, "i"},      {216, "aLiLF"},  {217, "fbn"},    {218, "b"},      {219, ""},      {220, "ibit"},
    {221, "fOni"},   {222, "irb"},    {223, "iFrb"},   {224, "ib"},     {225, "i"},      {226, "i"},     {227, "it"},
    {228, "ib"},     {229, "ib"},     {230, "iFtb"},   {232, "feii"},   {233, "fife"},   {234, "PPs"},   {235, "pb"},
    {237, "aLibnF"}, {238, "ibn"},    {239, "bbnaF"},  {240, "Nomr"},   {241, "N"},      {242, "fbnit"}, {243, "fbnbt"},
    {244, "fr"},     {245, "fbb"},    {247, "iPbFb"},  {248, "NNbni"},  {249, "NNNi"},   {250, "ixxxx"}, {251, "iii"},
    {252, "ii"},     {253, ""},       {254, "fpF"},    {255, "fi"},     {256, "Pibb"},   {257, "fpom"},  {258, "flm"},
    {259, "flmi"},   {260, "fluuF"},  {261, "flt"},    {262, "fpbF"},   {263, "flF"},    {264, "flfl"},  {265, "flflF"},
    {266, "Nfl"},    {267, "fpbn"},   {268, "flm"},    {269, "fpi"},    {270, "igggtb"}, {271, "qitgz"}, {272, "F"},
    {273, "bn"},     {274, "Pbb"},    {275, "fbfbnF"}, {276, "ffnF"},   {277, "fOnF"},   {278, "fvcF"},  {279, "Pnbbbi"},
    {280, "fltF"},   {281, "feiigz"}, {282, "fgz"},    {283, "iF"},     {284, "i"},      {285, "fFOO"},  {286, "fFrb"},
    {287, "fb"},     {288, "fSbF"},   {289, "fgzF"},   {290, "iF"},     {291, "F"},      {292, "ffF"},   {293, "bF"},
    {294, "F"},      {295, "fvcO"},   {296, "fvcO"},   {297, "Psb"},    {298, "bPiiF"},  {299, "fbiFt"}, {300, "FF"},
    {301, "fFFfp"},  {302, "Pirb"},   {303, "fpbbF"},  {304, "fbF"},    {305, "ib"},     {306, "f"},     {307, "fMcF"},
    {308, "fF"},     {309, "bb"},     {310, "PvcvcF"}, {311, "PvcvcF"}, {312, "PPiii"},  {313, "fNF"},   {314, "PbF"},
    {315, "PbiF"},   {316, "flflF"},  {317, "iFb"},    {318, "bnF"},    {319, "NF"},     {320, "ffnNF"}, {321, "ibn"},
    {323, "F"},      {324, "iFi"},    {325, "aLF"},    {326, "fbfbnF"}, {327, "fvcOxF"}, {328, "fvcOxF"}, {329, "aLii"},
    {330, "iF"},     {331, "i"},      {332, "fpFFb"},  {333, "xiibbb"}, {334, "bniF"},   {424, "fsbF"},  {425, "ib"},
    {426, "fiiFbn"}, {427, "fibi"},   {428, "fpF"},    {429, "fpflF"},  {430, "NF"},     {431, "fiNbi"}, {432, "fFF"},
    {433, "fpF"},    {434, "PF"},     {436, "ffF"},    {437, "fpbn"},   {438, "fiF"},    {439, "fpiF"},  {440, "fvciF"},
    {441, "feitgz"}, {442, "fpFbn"},  {443, "fNib"},   {444, "bnF"},    {445, "fibF"},   {446, "fF"},    {447, "F"},
    {448, "fF"},     {449, "bcFti"},  {450, "aLiF"},   {451, "fbbF"},   {452, "flmF"},   {453, "aLF"},   {454, "kiiF"},
    {455, "kiiFti"}, {456, "kkiiF"},  {457, "bbnF"},   {458, "bbnF"},   {459, "ibbF"},   {460, "ibnF"},  {461, "bbF"},
    {462, "aLF"},    {463, "fpFNbn"}, {464, "fpFNbn"}, {465, "fpFbn"},  {466, "fNF"},    {500, "xxxxxx"}, {-1, "xxxxxx"},
};

#define CALLS ((int)(sizeof calls / sizeof calls[0]))

#endif
